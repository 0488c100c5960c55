// TS2345: "No window '7w': write a number and m, h or d, from '5m' to '90d', or 'lifetime'"
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: () => ({
    // error
    clicks: count().over('7w'),
  }),
});
