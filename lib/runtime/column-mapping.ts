import type { StreamPlan } from '../kernel/plan.ts';
import { MillraceError } from './errors.ts';

/** Where a field's value comes from, when it is not the column of the same name. */
export type FieldSource =
  | { readonly from: 'column'; readonly column: string }
  /** The row's number in its file, from 1. */
  | { readonly from: 'line' }
  | { readonly from: 'constant'; readonly text: string };

/** By the stream's field. */
export type ColumnMapping = ReadonlyMap<string, FieldSource>;

/** A mapping names a field or a column that is not there, or is not of the form `field=column`. */
export class MappingError extends MillraceError {
  override readonly name = 'MappingError';
}

/**
 * Reads mappings as they are written on a command line:
 *
 * - `user=customer_id`: the field `user` is the column `customer_id`;
 * - `id=$line`: the field `id` is the number of the row;
 * - `country==UK`: the field `country` is the text `UK` in every event.
 *
 * Throws MappingError.
 */
export function parseMapping(texts: readonly string[], stream: StreamPlan): ColumnMapping {
  const mapping = new Map<string, FieldSource>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const field = text.slice(0, at).trim();
    const source = text.slice(at + 1).trim();
    if (at <= 0 || field === '' || source === '') {
      throw new MappingError(
        `mapping ${JSON.stringify(text)}: write field=column, field=$line or field==text`,
      );
    }
    if (!stream.schema.some(plan => plan.name === field)) {
      const known = stream.schema.map(plan => plan.name).join(', ');
      throw new MappingError(`mapping ${text}: stream ${stream.name} has no field ${field}; it has ${known}`);
    }
    if (mapping.has(field)) throw new MappingError(`mapping ${text}: field ${field} is mapped twice`);
    mapping.set(field, parseSource(source));
  }
  return mapping;
}

function parseSource(text: string): FieldSource {
  if (text === '$line') return { from: 'line' };
  if (text.startsWith('=')) return { from: 'constant', text: text.slice(1) };
  return { from: 'column', column: text };
}

/** Throws MappingError where a table's columns cannot fill the stream's fields, so that not every row is quarantined. */
export function checkColumns(
  stream: StreamPlan,
  mapping: ColumnMapping,
  columns: readonly string[],
  sourceName: string,
): void {
  const has = `it has ${columns.join(', ')}`;
  for (const [field, source] of mapping) {
    if (source.from === 'column' && !columns.includes(source.column)) {
      throw new MappingError(`${sourceName} has no column ${source.column} for the field ${field}; ${has}`);
    }
  }
  const missing = stream.schema.filter(
    field => field.optional !== true && !mapping.has(field.name) && !columns.includes(field.name),
  );
  if (missing.length > 0) {
    const fields = missing.map(field => field.name);
    throw new MappingError(
      `${sourceName} has no column for ${fields.join(', ')} of stream ${stream.name}; ${has}. ` +
        `Name one with --map ${fields[0]}=COLUMN (see millrace ingest --help)`,
    );
  }
}
