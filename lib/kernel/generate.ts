/**
 * Functions made from generated source. The source is assembled from this kernel's own templates, from numbers it
 * counted, and from names it made (`k0`, `x1`, …); whatever comes from a definition or an event (field names,
 * literals, patterns, functions) is handed in as a constant's value and never becomes text of the program.
 */
export class Source {
  readonly #constants: unknown[] = [];
  readonly #names = new Map<unknown, string>();
  readonly #lines: string[] = [];
  #variables = 0;

  /** The name under which the program sees `value`. */
  constant(value: unknown): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = `k${this.#constants.length}`;
    this.#constants.push(value);
    this.#names.set(value, name);
    return name;
  }

  /** A fresh variable that holds the value of a piece of source. */
  variable(source: string): string {
    const name = `x${this.#variables++}`;
    this.line(`const ${name} = ${source};`);
    return name;
  }

  line(source: string): void {
    this.#lines.push(source);
  }

  /** The program so far as a function's body. */
  compile(parameters: readonly string[]): unknown {
    const constants = this.#constants.map((_, i) => `const k${i} = constants[${i}];`).join('\n');
    const body = `'use strict';\n${constants}\nreturn function (${parameters.join(', ')}) {\n${this.#lines.join('\n')}\n};`;
    return new Function('constants', body)(this.#constants);
  }
}
