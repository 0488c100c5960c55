import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CompiledDefinitions } from '../local/index.ts';
import { MillraceError } from '../runtime/errors.ts';

/** The module of definitions cannot be loaded, or is something else. */
export class FeaturesError extends MillraceError {
  override readonly name = 'FeaturesError';
}

export const repositoryPath = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Loads the module's default export; without a path, this repository's retail example. Throws FeaturesError. */
export async function loadDefinitions(path: string | null): Promise<CompiledDefinitions> {
  const file = path === null ? repositoryPath('features/retail/index.ts') : resolve(path);
  const name = path ?? 'features/retail/index.ts';
  if (!existsSync(file))
    throw new FeaturesError(`${name} does not exist: name the module of your definitions with --features`);
  const loaded = await loadDefault(file, name);
  if (!isDefinitions(loaded)) {
    throw new FeaturesError(
      `${name} has no definitions as its default export: export default definitions({ groups, services })`,
    );
  }
  return loaded;
}

/** The default export of a module that no import names: a user's, or an example's. Throws FeaturesError. */
export async function loadDefault(file: string, name: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(file).href)) as { readonly default?: unknown }).default;
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new FeaturesError(
      `${name} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function isDefinitions(value: unknown): value is CompiledDefinitions {
  if (typeof value !== 'object' || value === null) return false;
  const { plan, functions } = value as { plan?: { format?: unknown }; functions?: unknown };
  return typeof plan?.format === 'number' && functions instanceof Map;
}
