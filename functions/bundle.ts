import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Metafile, type Plugin } from 'esbuild';
import type { Definitions } from '../lib/define/index.ts';

/** The functions there are, and what makes each. */
export const factories = {
  ingest: 'createIngestFunction',
  transform: 'createTransformFunction',
  serve: 'createServeFunction',
  activate: 'createActivateFunction',
  archive: 'createArchiveFunction',
} as const;

export type FunctionName = keyof typeof factories;

/** Bundles all functions with the definitions of a module, each in a folder of its own under `outdir`. */
export async function bundleFunctions(
  definitions: string,
  outdir: string,
): Promise<Readonly<Record<FunctionName, string>>> {
  const names = Object.keys(factories) as FunctionName[];
  const folders = await Promise.all(
    names.map(async name => {
      const folder = join(outdir, name);
      await bundleFunction({ name, definitions, outdir: folder });
      return [name, folder] as const;
    }),
  );
  return Object.fromEntries(folders) as Record<FunctionName, string>;
}

export interface BundleOptions {
  readonly name: FunctionName;
  /** The module whose default export are the definitions. */
  readonly definitions: string;
  /** Gets `index.mjs`, whose `handler` Lambda calls, and what is loaded only when it is needed. */
  readonly outdir: string;
}

export interface Bundle {
  /** Bytes of `index.mjs` and of all that it imports at once: what a cold start loads. */
  readonly startBytes: number;
  /** With what is loaded only when it is needed. */
  readonly totalBytes: number;
}

/** Bundles a function with the definitions it serves. They are loaded here, to compile their Plan. */
export async function bundleFunction({ name, definitions, outdir }: BundleOptions): Promise<Bundle> {
  const { metafile } = await build({
    stdin: {
      contents: `
        ${await definitionsCode(definitions)}
        import { ${factories[name]} as create } from './${name}/index.ts';
        export const handler = create(definitions, process.env);
      `,
      resolveDir: here,
      sourcefile: 'index.ts',
      loader: 'ts',
    },
    outdir,
    entryNames: 'index',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    // Powertools compares the names of classes.
    keepNames: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // CommonJS builds of the same packages are half as large again.
    mainFields: ['module', 'main'],
    alias: { '@aws-sdk/credential-provider-node': join(here, 'environment-credentials.ts') },
    plugins: [directBuiltins],
    metafile: true,
    logLevel: 'warning',
  });
  return sizesOf(metafile.outputs);
}

/**
 * The Plan as data: to build it from its definitions would take a fifth of a cold start. Definitions that bring functions of
 * their own are code, and come as such.
 */
async function definitionsCode(file: string): Promise<string> {
  const { plan, functions } = ((await import(pathToFileURL(file).href)) as { default: Definitions }).default;
  if (functions.size > 0) return `import definitions from ${JSON.stringify(file)};`;
  const text = gzipSync(JSON.stringify(plan)).toString('base64');
  return `
    import { gunzipSync } from 'node:zlib';
    const plan = JSON.parse(gunzipSync(Buffer.from('${text}', 'base64')).toString());
    const definitions = { plan, functions: new Map() };
  `;
}

/**
 * Takes parts of Node as they are. An `import` of one evaluates all that it exports, Web streams and the process's own
 * streams among it, which takes a tenth of a cold start; HTTP/2 is loaded when it is used.
 */
const directBuiltins: Plugin = {
  name: 'direct-builtins',
  setup({ onResolve, onLoad }) {
    const names = builtinModules.filter(name => !name.startsWith('_')).join('|');
    onResolve({ filter: new RegExp(`^(node:)?(${names})$`) }, ({ path }) => ({
      path: path.replace(/^node:/, ''),
      namespace: 'builtin',
    }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const part = `process.getBuiltinModule('node:${path}')`;
      const later = ['connect', 'constants'].map(name => `get ${name}() { return ${part}.${name}; }`);
      return { contents: `module.exports = ${path === 'http2' ? `{ ${later} }` : part};` };
    });
  },
};

function sizesOf(outputs: Metafile['outputs']): Bundle {
  const start = new Set(Object.keys(outputs).filter(file => file.endsWith('/index.mjs')));
  for (const file of start) {
    for (const { path, kind } of outputs[file]!.imports) {
      if (kind === 'import-statement' && path in outputs) start.add(path);
    }
  }
  const bytes = (files: Iterable<string>) => [...files].reduce((sum, file) => sum + outputs[file]!.bytes, 0);
  return { startBytes: bytes(start), totalBytes: bytes(Object.keys(outputs)) };
}

const here = dirname(fileURLToPath(import.meta.url));
