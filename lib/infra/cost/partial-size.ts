import type { GroupPlan, SlotPlan } from '../../kernel/index.ts';

/**
 * How large a partial of a slot can become, in bytes: that of one tile. Rows are cut between tiles and slots, and never
 * within one, so this is the least that an item of DynamoDB has to hold. Texts are taken to have 32 bytes.
 */
export function largestPartial({ aggregator, options = {}, by }: SlotPlan): number {
  return (
    (by?.limit ?? 1) * (entriesOf(aggregator, options) * entryBytes + (by === undefined ? 0 : entryBytes))
  );
}

/** The slots of a group whose partials may come near to what one item holds. */
export const largeSlots = (group: GroupPlan, bytes: number): readonly { slot: SlotPlan; bytes: number }[] =>
  group.slots.map(slot => ({ slot, bytes: largestPartial(slot) })).filter(large => large.bytes > bytes);

function entriesOf(
  aggregator: SlotPlan['aggregator'],
  { k = 1, limit = 1_024, precision = 12 }: NonNullable<SlotPlan['options']>,
): number {
  switch (aggregator) {
    case 'firstK':
    case 'lastK':
    case 'topK':
    case 'bottomK':
      return k;
    case 'distinct':
    case 'histogram':
    case 'heavyHitters':
      return limit;
    case 'approxDistinct':
      // A register has six bits.
      return (2 ** precision * 0.75) / entryBytes;
    case 'quantile':
      // At most 2,048 bins of each sign, of some bytes each.
      return (4_096 * 5) / entryBytes;
    default:
      return 1;
  }
}

/** A value with its time, id or count. */
const entryBytes = 48;
