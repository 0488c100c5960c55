import type { Window } from '../kernel/plan.ts';
import { day, hour, minute } from '../kernel/time.ts';
import { longestWindow, shortestWindow } from '../kernel/window.ts';
import { DefinitionError } from './errors.ts';
import { show } from './expression/literals.ts';

type Digit = '0' | NonZero;
type NonZero = '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
type FromFive<N extends string> = N extends '1' | '2' | '3' | '4' ? never : N;
/** The number of a length of time: whole, without leading zeros. */
type Whole<N extends string> = N extends `${NonZero}${string}` ? (N extends `${bigint}` ? N : never) : never;
type IsWindow<W extends string> = W extends 'lifetime'
  ? true
  : W extends `${infer N}m`
    ? [FromFive<Whole<N>>] extends [never]
      ? false
      : true
    : W extends `${infer N}h`
      ? [Whole<N>] extends [never]
        ? false
        : true
      : W extends `${infer N}d`
        ? N extends NonZero | `${Exclude<NonZero, '9'>}${Digit}` | '90'
          ? true
          : false
        : false;

/** The windows as they are, or, for one that there is not, what to write instead. */
export type CheckedWindows<W extends readonly string[]> = {
  [I in keyof W]: string extends W[I]
    ? W[I]
    : IsWindow<W[I]> extends true
      ? W[I]
      : `No window '${W[I]}': write a number and m, h or d, from '5m' to '90d', or 'lifetime'`;
};

const units: Readonly<Record<string, number>> = { s: 1_000, m: minute, h: hour, d: day };

/** The window's length in ms, or 'lifetime'. Throws a DefinitionError for one that there is not. */
export function parseWindow(window: unknown): Window {
  if (window === 'lifetime') return window;
  const length = lengthOf(window, 'mhd');
  if (length === undefined || length < shortestWindow || length > longestWindow)
    throw new DefinitionError(
      `no window ${quote(window)}; write a number and m, h or d, from '5m' to '90d', or 'lifetime'`,
    );
  return length;
}

/** A length of time such as '30s', '10m', '1h' or '7d', in ms. `what` is named in the error. */
export function parseDuration(duration: unknown, what: string): number {
  const length = lengthOf(duration, 'smhd');
  if (length === undefined)
    throw new DefinitionError(
      `${what} ${quote(duration)} is no length of time; write a number and s, m, h or d, such as '1h'`,
    );
  return length;
}

function lengthOf(text: unknown, letters: string): number | undefined {
  const parts = typeof text === 'string' ? /^([1-9][0-9]{0,8})([smhd])$/.exec(text) : null;
  const [, count, unit] = parts ?? [];
  if (count === undefined || unit === undefined || !letters.includes(unit)) return undefined;
  return Number(count) * (units[unit] as number);
}

const quote = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : show(value));

/** Ascending, lifetime last, each once. */
export function sortedWindows(windows: Iterable<Window>): Window[] {
  const length = (w: Window): number => (w === 'lifetime' ? Number.POSITIVE_INFINITY : w);
  return [...new Set(windows)].sort((a, b) => length(a) - length(b) || 0);
}
