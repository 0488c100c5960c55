import { afterEach, describe, expect, it } from 'vitest';
import { compileExpression } from '../../../lib/kernel/expression/compile.ts';
import type { Expression } from '../../../lib/kernel/expression/nodes.ts';
import { compileDecoder, compileGroup, type GroupPlan, type StreamPlan } from '../../../lib/kernel/index.ts';
import { bool, fieldOf, int, literalOf, string } from './evaluate.ts';

/**
 * Programs are generated from source: no name, literal or pattern of a definition may become part of it. Each of
 * these would end a string, a comment, a template or a line of the program, and run `escaped`, if one did.
 */
const attack = 'globalThis.__escaped = true';
const hostile = [
  `'; ${attack}; '`,
  `"; ${attack}; "`,
  `\`; ${attack}; \``,
  `\${${attack}}`,
  `*/ ${attack}; /*`,
  `// \n${attack};`,
  `\n${attack};\n`,
  `\r\n${attack}`,
  `\u2028${attack}\u2029`,
  `\\'; ${attack}; //`,
  `]; ${attack}; [`,
  `}); ${attack}; ({`,
  `k0 = (${attack})`,
  `<!-- ${attack} -->`,
  '\u0000',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'return',
  'x0',
  'k0',
  'row',
  'values',
  '',
  ' ',
  '😀',
];

const escaped = (): unknown => (globalThis as { __escaped?: unknown }).__escaped;
afterEach(() => {
  expect(escaped()).toBeUndefined();
});

const own = (name: string, value: string | number): Record<string, string | number> =>
  Object.fromEntries([[name, value]]);

describe.each(hostile.map(name => ({ name })))('$name is data', ({ name }) => {
  it('as a field', () => {
    for (const source of ['event', 'feature'] as const) {
      const node = { kind: 'field', source, name, type: string } as const;
      expect(compileExpression(node)(own(name, 'value'))).toBe('value');
    }
    const context = { kind: 'field', source: 'context', name, type: string } as const;
    expect(compileExpression(context)(own(`context.${name}`, 'value'))).toBe('value');
  });

  it('as a member of a struct', () => {
    const type = {
      kind: 'struct',
      fields: [
        { name: 'a', type: int },
        { name, type: int },
      ],
    } as const;
    const member = { kind: 'field', source: 'event', name: 'o', type: int, path: [name] } as const;
    expect(compileExpression(member, { types: new Map([['o', type]]) })({ o: [1, 2] })).toBe(2);
    const made = compileExpression({
      kind: 'struct',
      type,
      fields: [{ name, value: literalOf(name, string) }],
    });
    expect(made({})).toEqual([name]);
  });

  it('as a literal, alone, in lists and beside others', () => {
    expect(compileExpression(literalOf(name, string))({})).toBe(name);
    const list = [literalOf('other', string), literalOf(name, string)];
    expect(
      compileExpression({ kind: 'inList', type: bool, value: fieldOf('f', string), list })({ f: name }),
    ).toBe(true);
    const equal: Expression = {
      kind: 'comparison',
      type: bool,
      operator: '=',
      left: fieldOf('f', string),
      right: literalOf(name, string),
    };
    expect(compileExpression(equal)({ f: name })).toBe(true);
    expect(compileExpression(equal)({ f: `${name}!` })).toBe(false);
  });

  it('as a pattern', () => {
    const pattern = name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    const node = { kind: 'regexMatch', type: bool, value: fieldOf('f', string), pattern } as const;
    expect(compileExpression(node)({ f: `a${name}b` })).toBe(true);
  });

  it('as a separator', () => {
    if (name === '') return expect(escaped()).toBeUndefined();
    const node = {
      kind: 'splitElement',
      type: string,
      value: fieldOf('f', string),
      separator: name,
      index: 1,
    } as const;
    expect(compileExpression(node)({ f: `a${name}b` })).toBe('b');
  });

  it('as the name of a function', () => {
    const node = {
      kind: 'call',
      type: string,
      name,
      version: 1,
      arguments: [literalOf(name, string)],
    } as const;
    const functions = new Map([[name, (x: string) => `called with ${x}`]]);
    expect(compileExpression(node, { functions })({})).toBe(`called with ${name}`);
  });

  it('as names of a stream’s and a group’s fields', () => {
    const stream: StreamPlan = {
      name,
      schema: [
        { name, type: string },
        { name: 'ts', type: { kind: 'timestamp' } },
        { name: 'status', type: string, optional: true, oneOf: { values: [name, 'x'], unlisted: 'reject' } },
      ],
      eventTime: 'ts',
      key: [name],
      since: 0,
    };
    const group: GroupPlan = {
      name,
      version: 1,
      entity: name,
      stream: name,
      keys: [name],
      slots: [
        {
          aggregator: 'last',
          input: fieldOf(name, string),
          where: {
            kind: 'comparison',
            type: bool,
            operator: '=',
            left: fieldOf(name, string),
            right: literalOf('a value', string),
          },
          windows: ['lifetime'],
        },
      ],
      features: [{ name, type: string, slot: 0, window: 'lifetime', finalizer: 'value', default: name }],
      derived: [],
      fingerprint: name,
    };
    const kernel = compileGroup({ streams: [stream] }, group);
    const event = compileDecoder(stream)(
      {
        ...own('ts', 5),
        ...Object.fromEntries([
          [name, 'a value'],
          ['status', name],
        ]),
      },
      10,
      { shard: name, sequence: 1, index: 0 },
    );
    if ('rejected' in event) throw new Error(event.detail);
    expect(event.values).toEqual(['a value', 5, name]);
    const state = kernel.createState();
    expect(kernel.finalize(state, 0).values).toEqual([name]);
    kernel.update(state, event);
    expect(kernel.finalize(kernel.decode(kernel.encode(state)), 20).values).toEqual(['a value']);
  });
});
