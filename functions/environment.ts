import { MillraceError } from '../lib/kernel/errors.ts';

/** What a function's configuration lacks; it is thrown when the function starts. */
export class EnvironmentError extends MillraceError {
  override readonly name = 'EnvironmentError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's text. Throws EnvironmentError where it is missing or empty. */
export function required(environment: Environment, name: string): string {
  const value = environment[name] ?? '';
  if (value === '') throw new EnvironmentError(`the environment variable ${name} is not set`);
  return value;
}

/** A variable that is a JSON object of texts, `{"plays":"prod-plays"}`, as a map. Throws EnvironmentError. */
export function requiredMap(environment: Environment, name: string): ReadonlyMap<string, string> {
  const text = required(environment, name);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value);
      if (entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
        return new Map(entries);
    }
  } catch {}
  throw new EnvironmentError(`the environment variable ${name} is no JSON object of texts: ${text}`);
}

/** A variable that is a number above 0, or `fallback` where it is missing or empty. Throws EnvironmentError. */
export function numberIn<F>(environment: Environment, name: string, fallback: F): number | F {
  const text = environment[name] ?? '';
  if (text === '') return fallback;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new EnvironmentError(`the environment variable ${name} is no number above 0: ${text}`);
}
