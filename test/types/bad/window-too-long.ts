// TS2345: No window '91d'
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: () => ({
    // error
    clicks: count().over('91d'),
  }),
});
