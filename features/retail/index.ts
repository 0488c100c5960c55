import { definitions } from '../../lib/define/index.ts';
import { countrySales } from './country-sales.ts';
import { customerActivity } from './customer-activity.ts';
import { customerItemAffinity } from './customer-item.ts';
import { itemPopularity } from './item-popularity.ts';
import { ranking, restocking } from './services.ts';

/** Features of an online shop over a year of its real invoice lines. */
export default definitions({
  groups: [customerActivity, itemPopularity, countrySales, customerItemAffinity],
  services: [ranking, restocking],
});
