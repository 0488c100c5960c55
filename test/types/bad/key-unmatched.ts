// TS2345: Property 'keys' is missing
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, item } from '../../define/example.ts';

// error
featureGroup('bad', {
  entity: item,
  from: interactions,
  features: () => ({ n: count() }),
});
