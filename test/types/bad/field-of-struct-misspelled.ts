// TS2345: Argument of type '"so"' is not assignable to parameter of type '"memory" | "os"'
import { featureGroup, last } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    os: last(e.device.get('so')),
  }),
});
