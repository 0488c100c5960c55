import {
  EncodedList,
  type FeatureValue,
  type JsonText,
  type ScalarValue,
  toExternal,
  type Value,
  type ValueType,
} from '../kernel/index.ts';

/**
 * Writes the JSON of a type's values, as `toExternal` has them but for int64, which is text: JSON's numbers would be
 * rounded. Written at once: making what people see first, and JSON of that, takes several times as long.
 */
export type JsonWriter = (out: JsonText, value: FeatureValue) => void;

export function jsonWriter(type: ValueType): JsonWriter {
  const write = writerOf(type);
  return (out, value) => {
    if (value === null) out.ascii('null');
    else if (value instanceof EncodedList) value.writeJson(out);
    else write(out, value);
  };
}

function writerOf(type: ValueType): (out: JsonText, value: NonNullable<Value>) => void {
  switch (type.kind) {
    case 'string':
      return (out, value) => out.string(value as string);
    case 'int':
    case 'timestamp':
      return (out, value) => out.integer(value as number);
    case 'int64':
      return (out, value) => out.ascii(`"${value}"`);
    case 'decimal': {
      const unit = 10 ** type.scale;
      return (out, value) => out.number((value as number) / unit);
    }
    case 'float':
      return (out, value) => out.number(value as number);
    case 'bool':
      return (out, value) => out.ascii(value === true ? 'true' : 'false');
    case 'list': {
      const write = jsonWriter(type.of);
      return (out, value) => {
        const items = value as readonly Value[];
        out.ascii('[');
        for (let i = 0; i < items.length; i++) {
          if (i > 0) out.ascii(',');
          write(out, items[i] as Value);
        }
        out.ascii(']');
      };
    }
    case 'struct': {
      const fields = type.fields.map(({ name, type: of }) => ({
        name: `${JSON.stringify(name)}:`,
        write: jsonWriter(of),
      }));
      return (out, value) => {
        out.ascii('{');
        for (let i = 0; i < fields.length; i++) {
          const { name, write } = fields[i] as (typeof fields)[number];
          if (i > 0) out.ascii(',');
          out.raw(name);
          write(out, (value as readonly Value[])[i] ?? null);
        }
        out.ascii('}');
      };
    }
    case 'map': {
      const write = jsonWriter(type.value);
      const name =
        type.key.kind === 'string'
          ? (key: ScalarValue) => key as string
          : (key: ScalarValue) => String(toExternal(key, type.key));
      return (out, value) => {
        let isFirst = true;
        out.ascii('{');
        for (const [key, member] of value as ReadonlyMap<ScalarValue, Value>) {
          if (!isFirst) out.ascii(',');
          isFirst = false;
          out.string(name(key));
          out.ascii(':');
          write(out, member);
        }
        out.ascii('}');
      };
    }
  }
}
