import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  computedImports,
  computingParts,
  layerOf,
  layers,
  platformSideOfVerify,
  toolFolders,
  typesOnly,
} from './layers.ts';
import { type ModuleReference, moduleReferences } from './module-specifiers.ts';

/** TypeScript sources by path from the repository's root, with `/`. */
export type Sources = ReadonlyMap<string, string>;

export interface ImportReport {
  readonly files: number;
  readonly imports: number;
  /** One sentence each: where, what, and why not. */
  readonly violations: readonly string[];
}

export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** All TypeScript files of the repository. */
export function readSources(root: string): Map<string, string> {
  const paths = globSync('**/*.{ts,tsx,mts}', {
    cwd: root,
    exclude: entry => /^(node_modules|cdk\.out|dist|coverage|\..*)$/.test(posix.basename(entry)),
  });
  return new Map(
    paths
      .map(path => path.replaceAll('\\', '/'))
      .sort()
      .map(path => [path, readFileSync(join(root, path), 'utf8')]),
  );
}

/** Holds sources to the layers: see layers.ts. `packages` are those that may be imported when installed for use. */
export function checkImports(sources: Sources, packages: ReadonlySet<string>): ImportReport {
  const violations: string[] = [];
  const graph = new Map<string, string[]>();
  let imports = 0;
  for (const [file, text] of sources) {
    let references: readonly ModuleReference[];
    try {
      references = moduleReferences(text);
    } catch (error) {
      violations.push(`${file}: cannot be read: ${(error as Error).message}`);
      continue;
    }
    if (layerOf(file) === null && !isTool(file)) {
      violations.push(`${file}: belongs to no layer; name its folder in test/house/layers.ts`);
    }
    imports += references.length;
    for (const reference of references) {
      const target = targetOf(file, reference);
      const reason = objection(file, target, reference.typeOnly, sources, packages);
      if (reason !== null) {
        violations.push(
          `${file}:${reference.line}: imports ${reference.specifier ?? 'a path made at run time'}: ${reason}`,
        );
      }
      if (target.kind === 'file' && !reference.typeOnly) {
        graph.set(file, [...(graph.get(file) ?? []), target.path]);
      }
    }
  }
  for (const cycle of findCycles(graph, file => file.startsWith('lib/'))) {
    violations.push(`${cycle[0]}: import cycle ${[...cycle, cycle[0]].join(' → ')}`);
  }
  return { files: sources.size, imports, violations };
}

type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'computed' };

function targetOf(file: string, { specifier }: ModuleReference): Target {
  if (specifier === null) return { kind: 'computed' };
  if (/^\.{1,2}(\/|$)/.test(specifier)) {
    return { kind: 'file', path: posix.join(posix.dirname(file), specifier) };
  }
  if (isBuiltin(specifier)) return { kind: 'node', name: specifier };
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  return { kind: 'package', name };
}

/** Why `file` may not import `target`; null if it may. */
function objection(
  file: string,
  target: Target,
  typeOnly: boolean,
  sources: Sources,
  packages: ReadonlySet<string>,
): string | null {
  const layer = layerOf(file);
  if (target.kind === 'file') {
    if (!sources.has(target.path)) return 'there is no such TypeScript file';
    if (layer === null) return independenceObjection(file, target.path, typeOnly);
    const other = layerOf(target.path);
    if (other === layer) return null;
    if (other === null) return `${layer} may not import ${target.path.split('/')[0]}`;
    return (layers[layer].imports as readonly string[]).includes(other)
      ? null
      : `${layer} may not import ${other}`;
  }
  if (target.kind === 'computed') {
    return layer === null || computedImports.has(file) ? null : 'only a plain string can be checked';
  }
  if (layer === null) return null;
  const { outside } = layers[layer];
  if (target.kind === 'node') {
    if (outside === 'packages' || (outside === 'computing' && computingParts.has(target.name))) return null;
    return outside === 'nothing'
      ? `${layer} imports nothing from outside`
      : `${layer} does no I/O of its own`;
  }
  if (outside !== 'packages') return `${layer} imports no packages`;
  return packages.has(target.name) ? null : 'package.json does not list it under dependencies';
}

function independenceObjection(file: string, target: string, typeOnly: boolean): string | null {
  if (typesOnly.has(file) && target.startsWith('lib/')) {
    return typeOnly ? null : 'it may name types of the platform, and no code';
  }
  if (!isIndependent(file)) return null;
  if (target.startsWith('lib/') || target.startsWith('features/')) {
    return 'what the platform is verified against may not use it';
  }
  return target.startsWith('test/verify/') && !isIndependent(target)
    ? 'it uses the platform, and this is what the platform is verified against'
    : null;
}

const isIndependent = (file: string): boolean =>
  file.startsWith('test/verify/') && !platformSideOfVerify.some(pattern => pattern.test(file));

/** Tests, benchmarks, and configuration files at the root. */
const isTool = (file: string): boolean =>
  !file.includes('/') || toolFolders.some(folder => file.startsWith(`${folder}/`));

/**
 * The groups of files that import each other in a circle (strongly connected components, Tarjan). Type imports make
 * no cycle: nothing of them is left when the code runs.
 */
function findCycles(
  graph: ReadonlyMap<string, readonly string[]>,
  counts: (file: string) => boolean,
): string[][] {
  const cycles: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): number => {
    const number = order.size;
    order.set(file, number);
    lowest.set(file, number);
    open.push(file);
    for (const next of (graph.get(file) ?? []).filter(counts)) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
    }
    if (lowest.get(file) === number) {
      const component = open.splice(open.indexOf(file));
      if (component.length > 1 || graph.get(file)?.includes(file)) cycles.push(component);
    }
    return number;
  };
  for (const file of [...graph.keys()].filter(counts)) if (!order.has(file)) visit(file);
  return cycles;
}

/** The packages that package.json lists for use, not for development only. */
export function declaredPackages(root: string): Set<string> {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return new Set(Object.keys(dependencies ?? {}));
}

if (import.meta.main) {
  if (!existsSync(join(repositoryRoot, 'lib/kernel'))) throw new Error(`no lib/kernel in ${repositoryRoot}`);
  const report = checkImports(readSources(repositoryRoot), declaredPackages(repositoryRoot));
  for (const violation of report.violations) console.error(violation);
  const found = report.violations.length;
  console.log(`imports: ${report.imports} in ${report.files} files read, ${found} against the layers`);
  process.exitCode = found === 0 && report.files > 0 && report.imports > 0 ? 0 : 1;
}
