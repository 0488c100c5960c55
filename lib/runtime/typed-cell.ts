import type { FieldPlan } from '../kernel/plan.ts';

/**
 * A table's cell as the JSON value that the field asks for. What does not fit stays as it is, and the event is then
 * found bad with that value in sight. Nothing is rounded on the way: an int64 is written as text, an integer that a
 * JSON number would not hold stays text.
 *
 * | field          | from text                                   | from other cells                               |
 * | -------------- | ------------------------------------------- | ---------------------------------------------- |
 * | string, oneOf  | itself                                      | integers, booleans: their digits or word; dates: ISO |
 * | bool           | true, false, t, f, 1, 0, in any case        |                                                |
 * | int            | digits, also with .0 behind                 | bigints within 2^53                            |
 * | int64          | itself                                      | digits                                         |
 * | float          | a number as JSON or SQL writes it           | bigints within 2^53                            |
 * | decimal        | as float; more than 15 digits stay text     | bigints within 2^53                            |
 * | timestamp      | digits: epoch ms; else itself               | dates: epoch ms                                |
 * | list, struct   | JSON                                        | their elements and fields, each by its type    |
 */
export function typedCell(cell: unknown, field: FieldPlan | undefined): unknown {
  if (cell === null || cell === undefined) return null;
  if (typeof cell === 'string') return field === undefined ? cell : fromText(cell, field);
  if (typeof cell === 'bigint') return fromBigint(cell, field);
  if (cell instanceof Date) return fromDate(cell, field);
  if (Array.isArray(cell)) return cell.map(element => typedCell(element, field?.element));
  if (typeof cell === 'object') {
    const fields = new Map(field?.fields?.map(plan => [plan.name, plan]));
    return Object.fromEntries(
      Object.entries(cell).map(([name, value]) => [name, typedCell(value, fields.get(name))]),
    );
  }
  if (field?.type.kind === 'string' && (typeof cell === 'boolean' || Number.isSafeInteger(cell)))
    return String(cell);
  if (field?.type.kind === 'int64' && Number.isSafeInteger(cell)) return String(cell);
  // JSON has no NaN and no infinities: it would make nulls of them.
  if (typeof cell === 'number' && !Number.isFinite(cell)) return String(cell);
  return cell;
}

function fromText(text: string, field: FieldPlan): unknown {
  switch (field.type.kind) {
    case 'string':
    case 'int64':
      return text;
    case 'bool':
      return booleans.get(text.trim().toLowerCase()) ?? text;
    case 'int':
      return wholeNumber.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case 'decimal':
      // A double holds 15 digits as they are written; more of them stay text, which the schema reads one by one.
      return longDecimal.test(text) ? text.trim().replace(/^\+/, '') : numberOr(text);
    case 'float':
      return numberOr(text);
    case 'timestamp':
      return timestampOf(text);
    default:
      return parseJson(text);
  }
}

const numberOr = (text: string): unknown =>
  decimalNumber.test(text) && Number.isFinite(Number(text)) ? Number(text) : text;

const booleans = new Map([
  ['true', true],
  ['false', false],
  ['t', true],
  ['f', false],
  ['1', true],
  ['0', false],
]);
const integer = /^\s*[+-]?\d+\s*$/;
/** Tables of numbers with gaps are often written with `.0`. */
const wholeNumber = /^\s*[+-]?\d+(\.0*)?\s*$/;
const longDecimal = /^\s*[+-]?(?=(?:\.?\d){16})\d+(\.\d+)?\s*$/;
const decimalNumber = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const shortOffset = /\d:\d.*[+-]\d\d$/;

function timestampOf(text: string): unknown {
  if (integer.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  // PostgreSQL writes whole offsets without their minutes.
  return shortOffset.test(text) ? `${text}:00` : text;
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // What is nested too deeply can be parsed and not be written again.
    JSON.stringify(value);
    return value;
  } catch {
    return text;
  }
}

function fromBigint(value: bigint, field: FieldPlan | undefined): unknown {
  const kind = field?.type.kind;
  const isSafe = BigInt(Number(value)) === value && Number.isSafeInteger(Number(value));
  return kind === 'string' || kind === 'int64' || !isSafe ? String(value) : Number(value);
}

function fromDate(value: Date, field: FieldPlan | undefined): unknown {
  if (Number.isNaN(value.getTime())) return String(value);
  return field?.type.kind === 'timestamp' ? value.getTime() : value.toISOString();
}
