// TS2322: Type '"watch_ms"' is not assignable to type
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, item } from '../../define/example.ts';

featureGroup('bad', {
  entity: item,
  from: interactions,
  // error
  keys: { item: 'watch_ms' },
  features: () => ({ n: count() }),
});
