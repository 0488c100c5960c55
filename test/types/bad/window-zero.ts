// TS2345: No window '0h'
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: () => ({
    // error
    clicks: count().over('1h', '0h'),
  }),
});
