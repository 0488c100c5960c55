import type { FieldPlan, StreamPlan } from '../kernel/plan.ts';
import type { Value } from '../kernel/value-type.ts';

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

/** The same of an event's values in the order of the schema; null where these do not tell what the JSON was. */
export function partitionKeyOfValues(
  stream: Pick<StreamPlan, 'key' | 'schema'>,
): ((values: readonly Value[]) => string) | null {
  const fields = stream.key.map(name => stream.schema.findIndex(field => field.name === name));
  if (!fields.every(i => isAsWritten(stream.schema[i]!))) return null;
  const [onlyKey] = fields;
  return fields.length === 1
    ? values => keyText(values[onlyKey!])
    : values => fields.map(i => keyText(values[i])).join('\0');
}

/** Whether a field's value has the text that its JSON had: a timestamp or an unlisted choice has another. */
const isAsWritten = ({ type, oneOf }: FieldPlan): boolean =>
  oneOf === undefined && (type.kind === 'string' || type.kind === 'int' || type.kind === 'bool');
