/** A value has no exact form in JSON. */
export class NotJsonError extends TypeError {}

/**
 * JSON that keeps values exact: bigints become text, and numbers that JSON does not have are refused, where
 * `JSON.stringify` would make them null. Throws NotJsonError.
 */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, exact);
  } catch (error) {
    throw error instanceof NotJsonError ? error : new NotJsonError((error as Error).message);
  }
}

function exact(this: unknown, name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) throw new NotJsonError(`${name} is ${value}`);
  // Date's toJSON makes null of it before it gets here.
  if (value === null && (this as Readonly<Record<string, unknown>>)[name] !== null)
    throw new NotJsonError(`${name} is an invalid date`);
  return value;
}
