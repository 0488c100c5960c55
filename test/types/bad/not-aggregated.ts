// TS2739: is missing the following properties from type 'AnyAggregation'
import { featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    item: e.item_id,
  }),
});
