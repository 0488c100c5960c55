import type { StreamPlan } from '../kernel/plan.ts';

/** The stream's key of a parsed event, as text; empty where it cannot be read. Decides the shard, and no value. */
export function partitionKeyOf(
  stream: Pick<StreamPlan, 'key'>,
): (event: Readonly<Record<string, unknown>>) => string {
  const [onlyKey] = stream.key;
  return stream.key.length === 1
    ? event => keyText(event[onlyKey!])
    : event => stream.key.map(field => keyText(event[field])).join('\0');
}

/** Empty for a list or object too, which is no key: to write a deep one as JSON could overflow the stack. */
const keyText = (value: unknown): string =>
  value === undefined || typeof value === 'object' ? '' : String(value);
