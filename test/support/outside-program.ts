import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Why tests that need a program of the machine cannot run, or null where they can. With MILLRACE_REQUIRE_PROGRAMS=1, as
 * in CI, they run and fail instead.
 */
export function missingProgram(name: string): string | null {
  if (process.env.MILLRACE_REQUIRE_PROGRAMS === '1' || isThere(name)) return null;
  return `${name} is not installed`;
}

const isThere = (name: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
