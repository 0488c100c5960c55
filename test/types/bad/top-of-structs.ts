// TS2345: is not assignable to parameter of type 'Orderable'
import { featureGroup, topK } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: topK(e.device, 5),
  }),
});
