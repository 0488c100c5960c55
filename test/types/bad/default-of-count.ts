// TS2345: "Never null: without events it is 0 or empty"
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: () => ({
    // error
    clicks: count().default(0),
  }),
});
