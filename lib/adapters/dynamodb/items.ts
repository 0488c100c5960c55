import type { AttributeValue, PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { RowWrite, StoredRow } from '../../runtime/ports.ts';

export type Item = Record<string, AttributeValue>;

/** Half a surrogate pair is no text that can be sent; it becomes U+FFFD, as it does in every store of bytes. */
export const rowKey = (key: string): string => `r${key.toWellFormed()}`;
export const runKey = (id: string): string => `s${id.toWellFormed()}`;
/** What the keys of rows begin with, and no key of a run. */
export const rowPrefix = 'r';

export function rowItem({ key, version, bytes }: RowWrite, expires: number | null): Item {
  const item: Item = { k: { S: rowKey(key) }, v: { N: String(version) }, b: { B: bytes } };
  if (expires !== null) item.e = { N: String(Math.ceil(expires / 1000)) };
  return item;
}

export const runItem = (id: string, bytes: Uint8Array): Item => ({ k: { S: runKey(id) }, b: { B: bytes } });

/** What holds while the row is still what was read under this version; 0: while there is none. */
export function conditionOn(
  expected: number,
): Pick<PutItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeValues'> {
  if (expected === 0) return { ConditionExpression: 'attribute_not_exists(k)' };
  if (expected === noVersion)
    return { ConditionExpression: 'attribute_exists(k) AND attribute_not_exists(v)' };
  return { ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': { N: String(expected) } } };
}

/** An item that is no row is handed out as such: under a version to condition a write on, and as bytes of no codec. */
export function rowOf(item: Item): StoredRow {
  const version = item.v?.N === undefined ? noVersion : Number(item.v.N);
  return { version, bytes: item.b?.B ?? Uint8Array.of(0) };
}

const noVersion = Number.MIN_VALUE;

/** What a write of this item takes: a unit for each KB begun. A write whose condition fails takes as much. */
export const writeUnits = (item: Item): number => Math.ceil(itemBytes(item) / 1024);

/** An item's size as DynamoDB counts it: names and values; a number takes a byte for two digits, and one more. */
function itemBytes(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) {
    bytes += name.length;
    if (value.S !== undefined) bytes += Buffer.byteLength(value.S);
    else if (value.N !== undefined) bytes += Math.ceil(value.N.length / 2) + 1;
    else if (value.B !== undefined) bytes += value.B.length;
  }
  return bytes;
}
