// TS2345: No window 'forever'
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: () => ({
    // error
    clicks: count().over('forever'),
  }),
});
