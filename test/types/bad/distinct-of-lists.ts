// TS2345: is not assignable to parameter of type 'Scalar'
import { distinct, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: distinct(e.labels),
  }),
});
