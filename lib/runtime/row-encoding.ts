import { isUtf8 } from 'node:buffer';
import type { FieldPlan, StreamPlan } from '../kernel/plan.ts';
import { parseTimestamp } from '../kernel/timestamp.ts';
import { type ColumnMapping, checkColumns } from './column-mapping.ts';
import { memberText } from './json-member.ts';
import { partitionKeyOf } from './partition-key.ts';
import type { Source, SourceRow } from './source.ts';
import { typedCell } from './typed-cell.ts';

/** A row as an event for the log. */
export interface EncodedEvent {
  readonly data: Uint8Array;
  /** The stream's key, as text; empty where it cannot be read. */
  readonly partitionKey: string;
  /** What the event says of its time, unchecked; null where it says nothing that is a time. */
  readonly eventTime: number | null;
}

export type RowEncoder = (row: SourceRow, rowNumber: number) => EncodedEvent;

export interface RowEncoderOptions {
  readonly stream: StreamPlan;
  readonly source: Pick<Source, 'name' | 'columns'>;
  readonly mapping: ColumnMapping;
  /** An empty cell is null, unless this is true: then it is empty text. */
  readonly keepEmpty?: boolean;
}

/**
 * Makes events of rows. It checks nothing: that is the transform's part, so that what is wrong with an event is
 * found in one place and quarantined with its reason. Bytes stay as they are (a mapping adds fields at the end of
 * the object, where they win over earlier ones of that name); cells become JSON of the types that the schema asks
 * for, and stay as they are where they do not fit.
 *
 * Throws MappingError when the source's columns cannot fill the stream's fields.
 */
export function createRowEncoder(options: RowEncoderOptions): RowEncoder {
  const { stream, source, mapping } = options;
  const fromText = createTextEncoder(stream, mapping);
  if (source.columns === null) return (row, number) => fromText(row as Uint8Array, number);
  checkColumns(stream, mapping, source.columns, source.name);
  const fromCells = createCellEncoder(options, source.columns);
  return (row, number) => (row instanceof Uint8Array ? unreadable(row) : fromCells(row, number));
}

const unreadable = (data: Uint8Array): EncodedEvent => ({ data, partitionKey: '', eventTime: null });

function createTextEncoder(stream: StreamPlan, mapping: ColumnMapping): RowEncoder {
  const fields = new Map(stream.schema.map(field => [field.name, field]));
  const locate = createLocator(stream);
  return (row, number) => {
    const bytes = asBuffer(row as Uint8Array);
    const text = bytes.toString('utf8');
    const event = parseObject(text);
    // What is not UTF-8 was changed by decoding: it goes on as it came.
    if (event === null || (mapping.size > 0 && !isUtf8(bytes))) return unreadable(bytes);
    if (mapping.size === 0) return locate(event, bytes);
    const added: [field: string, value: unknown, json: string][] = [];
    for (const [field, from] of mapping) {
      if (from.from === 'column') {
        const json = memberText(text, from.column);
        if (json !== null) added.push([field, event[from.column], json]);
      } else {
        const value = typedCell(from.from === 'line' ? number : from.text, fields.get(field)!);
        added.push([field, value, JSON.stringify(value)]);
      }
    }
    if (added.length === 0) return locate(event, bytes);
    const comma = hasMembers(event) ? ',' : '';
    for (const [field, value] of added) event[field] = value;
    const members = added.map(([field, , json]) => `${JSON.stringify(field)}:${json}`).join(',');
    const mapped = `${text.slice(0, text.lastIndexOf('}'))}${comma}${members}}`;
    return locate(event, Buffer.from(mapped, 'utf8'));
  };
}

function createCellEncoder(options: RowEncoderOptions, columns: readonly string[]): RowEncoder {
  const { stream, mapping, keepEmpty = false } = options;
  const fields = new Map(stream.schema.map(field => [field.name, field]));
  const renamed = new Set([...mapping.values()].map(from => (from.from === 'column' ? from.column : null)));
  // Columns that no field asks for stay in the event under their own name, unless that was mapped to another value.
  const kept = columns
    .map((column, index) => ({ name: column, index, field: fields.get(column) }))
    .filter(column => !mapping.has(column.name) && (column.field !== undefined || !renamed.has(column.name)));
  const mapped = [...mapping].map(([name, from]) => ({
    name,
    from,
    field: fields.get(name)!,
    index: from.from === 'column' ? columns.indexOf(from.column) : -1,
  }));
  const locate = createLocator(stream);

  return (row, number) => {
    const cells = row as readonly unknown[];
    const event: Record<string, unknown> = {};
    const put = (name: string, cell: unknown, field: FieldPlan | undefined) => {
      const value = cell === '' && !keepEmpty ? null : typedCell(cell, field);
      if (value === null && field?.optional === true && field.nullable !== true) return;
      event[name] = value;
    };
    for (const { name, index, field } of kept) put(name, cells[index], field);
    for (const { name, from, index, field } of mapped) {
      put(name, from.from === 'column' ? cells[index] : from.from === 'line' ? number : from.text, field);
    }
    return locate(event, Buffer.from(JSON.stringify(event), 'utf8'));
  };
}

/** Finds in an event what the log needs to know of it. */
function createLocator(
  stream: StreamPlan,
): (event: Record<string, unknown>, data: Uint8Array) => EncodedEvent {
  const keyOf = partitionKeyOf(stream);
  return (event, data) => ({
    data,
    partitionKey: keyOf(event),
    eventTime: timeOf(event[stream.eventTime]),
  });
}

function timeOf(value: unknown): number | null {
  if (typeof value === 'string') return parseTimestamp(value);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function hasMembers(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
