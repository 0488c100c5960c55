/** One place where a module names another. */
export interface ModuleReference {
  /** The quoted name, or null where `import(…)` is given anything but one plain string. */
  readonly specifier: string | null;
  readonly line: number;
  /** Erased before the code runs: `import type …`, `export type … from`. */
  readonly typeOnly: boolean;
}

/**
 * Every module that a TypeScript source names: `import`, `export … from`, `import(…)` and `require(…)`.
 *
 * TypeScript 7 has no JavaScript API, and parsers of the emitted JavaScript do not see type imports, which must
 * keep to the layers too. So this reads tokens: comments, strings, templates and regular expressions are told
 * apart, and what they contain is never taken for code.
 *
 * @throws SyntaxError where a string, template, comment or regular expression does not end.
 */
export function moduleReferences(source: string): ModuleReference[] {
  const tokens = tokenize(source);
  const found: ModuleReference[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'word' || tokens[i - 1]?.text === '.') continue;
    const reference = (specifier: string | null, typeOnly: boolean): void => {
      found.push({ specifier, line: token.line, typeOnly });
    };
    if (token.text === 'import' || token.text === 'export') {
      if (token.text === 'import' && tokens[i + 1]?.text === '(') {
        reference(onlyArgument(tokens, i + 1), false);
        continue;
      }
      const statement = fromClause(tokens, i);
      if (statement !== null) reference(statement.specifier, statement.typeOnly);
    } else if (token.text === 'require' && tokens[i + 1]?.text === '(' && tokens[i + 2]?.kind === 'string') {
      reference(onlyArgument(tokens, i + 1), false);
    }
  }
  return found;
}

/** The string in `( 'name'` followed by `)` or by `,` (import attributes). */
function onlyArgument(tokens: readonly Token[], open: number): string | null {
  const argument = tokens[open + 1];
  const after = tokens[open + 2]?.text;
  return argument?.kind === 'string' && (after === ')' || after === ',') ? argument.text : null;
}

/** Reads `import [type] clause from 'name'`, `import 'name'` and `export [type] clause from 'name'`. */
function fromClause(tokens: readonly Token[], start: number) {
  let i = start + 1;
  const at = (offset = 0): string | undefined => tokens[i + offset]?.text;
  const isString = (): boolean => tokens[i]?.kind === 'string';
  if (tokens[start]?.text === 'import' && isString()) return { specifier: at()!, typeOnly: false };

  // `import type from 'x'` imports a default that is called "type".
  const typeOnly = at() === 'type' && (at(1) !== 'from' || at(2) === 'from') && at(1) !== ',';
  if (typeOnly) i++;
  for (;;) {
    if (at() === '{') {
      while (i < tokens.length && at() !== '}') i++;
      i++;
    } else if (at() === '*') {
      i++;
      if (at() === 'as') i += 2;
    } else if (tokens[start]?.text === 'import' && tokens[i]?.kind === 'word') {
      i++;
    } else return null;
    if (at() !== ',') break;
    i++;
  }
  if (at() !== 'from') return null;
  i++;
  return isString() ? { specifier: at()!, typeOnly } : null;
}

interface Token {
  readonly kind: 'word' | 'string' | 'other';
  /** Of a string: its content. */
  readonly text: string;
  readonly line: number;
}

const word = /[\p{ID_Start}\p{Nd}_$#@][\p{ID_Continue}$\u200c\u200d]*/uy;

/** Words after which `/` begins a regular expression; after any other word it divides. */
const beforeRegex = new Set(
  'return typeof case in of delete void throw new instanceof else do yield await default extends'.split(' '),
);

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** Open braces; true where a template's `${` opened it, so that its `}` goes on with the template. */
  const braces: boolean[] = [];
  let line = 1;
  let i = 0;

  const fail = (what: string): never => {
    throw new SyntaxError(`line ${line}: a ${what} does not end`);
  };
  const push = (kind: Token['kind'], text: string): void => {
    tokens.push({ kind, text, line });
  };
  const endOf = (pattern: RegExp, what: string): number => {
    pattern.lastIndex = i;
    return pattern.exec(source) ? pattern.lastIndex : fail(what);
  };
  const moveTo = (end: number): void => {
    for (; i < end; i++) if (source[i] === '\n') line++;
  };
  /** From after a backtick or the `}` of a part; ends after the closing backtick or a `${`. */
  const template = (): void => {
    const end = endOf(/(?:[^\\`$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y, 'template');
    if (source[end - 1] === '{') braces.push(true);
    else push('other', '`');
    moveTo(end);
  };

  while (i < source.length) {
    const c = source[i]!;
    if (c === '/' && source[i + 1] === '/') {
      const end = source.indexOf('\n', i);
      i = end < 0 ? source.length : end;
    } else if (c === '/' && source[i + 1] === '*') {
      moveTo(endOf(/\/\*[\s\S]*?\*\//y, 'comment'));
    } else if (c === "'" || c === '"') {
      const end = endOf(c === "'" ? /'(?:[^'\\\n]|\\[\s\S])*'/y : /"(?:[^"\\\n]|\\[\s\S])*"/y, 'string');
      push('string', source.slice(i + 1, end - 1));
      moveTo(end);
    } else if (c === '`') {
      i++;
      template();
    } else if (c === '/' && regexMayFollow(tokens.at(-1))) {
      const end = endOf(/\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y, 'regular expression');
      push('other', '/');
      i = end;
    } else if (c === '}' && braces.pop()) {
      i++;
      template();
    } else {
      word.lastIndex = i;
      const match = word.exec(source);
      if (match !== null) push('word', match[0]);
      else if (!/\s/.test(c)) push('other', c);
      if (c === '{') braces.push(false);
      moveTo(i + (match?.[0].length ?? 1));
    }
  }
  if (braces.includes(true)) fail('template');
  return tokens;
}

/** After a value `/` divides; anywhere else it begins a regular expression. */
function regexMayFollow(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === 'word') return beforeRegex.has(previous.text);
  return previous.kind === 'other' && !/^[)\]}`/]$/.test(previous.text);
}
