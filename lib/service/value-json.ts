import { type ScalarValue, toExternal, type Value, type ValueType } from '../kernel/index.ts';

/**
 * The JSON of a type's values in memory form, as `toExternal` has them but for int64, which is text: JSON's numbers
 * would be rounded. Written at once: making what people see first, and JSON of that, takes twice as long.
 */
export function jsonWriter(type: ValueType): (value: Value) => string {
  const write = writerOf(type);
  return value => (value === null ? 'null' : write(value));
}

type Writer = (value: NonNullable<Value>) => string;

function writerOf(type: ValueType): Writer {
  switch (type.kind) {
    case 'string':
      return value => textJson(value as string);
    case 'int64':
      return value => `"${value}"`;
    case 'decimal': {
      const unit = 10 ** type.scale;
      return value => `${(value as number) / unit}`;
    }
    case 'list': {
      const item = jsonWriter(type.of);
      return value => {
        const items = value as readonly Value[];
        if (items.length === 0) return '[]';
        let text = `[${item(items[0] as Value)}`;
        for (let i = 1; i < items.length; i++) text += `,${item(items[i] as Value)}`;
        return `${text}]`;
      };
    }
    case 'struct': {
      const fields = type.fields.map(({ name, type: of }, i) => ({
        before: `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`,
        write: jsonWriter(of),
      }));
      return value => {
        let text = '';
        for (let i = 0; i < fields.length; i++) {
          const { before, write } = fields[i] as (typeof fields)[number];
          text += before + write((value as readonly Value[])[i] ?? null);
        }
        return `${text}}`;
      };
    }
    case 'map': {
      const write = jsonWriter(type.value);
      return value => {
        let text = '';
        for (const [key, member] of value as ReadonlyMap<ScalarValue, Value>) {
          text += `${text === '' ? '{' : ','}${textJson(String(toExternal(key, type.key)))}:${write(member)}`;
        }
        return text === '' ? '{}' : `${text}}`;
      };
    }
    default:
      return value => `${value}`;
  }
}

/** Ids and names seldom hold what JSON has to escape, and finding that out is quicker than its own writer is. */
function textJson(text: string): string {
  if (text.length > 100) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c === 0x22 || c === 0x5c || c >= 0xd800) return JSON.stringify(text);
  }
  return `"${text}"`;
}
