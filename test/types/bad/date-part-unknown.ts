// TS2345: Argument of type '"fortnight"' is not assignable to parameter of type '"day" | "dayOfWeek"
import { featureGroup, last } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: last(e.ts.part('fortnight')),
  }),
});
