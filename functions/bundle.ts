import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

/** The functions there are, and what makes each. */
export const factories = {
  ingest: 'createIngestFunction',
  transform: 'createTransformFunction',
  serve: 'createServeFunction',
  archive: 'createArchiveFunction',
  activate: 'createActivateFunction',
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

/** Bundles a function with the definitions it serves. */
export async function bundleFunction({ name, definitions, outdir }: BundleOptions): Promise<Bundle> {
  const { metafile } = await build({
    stdin: {
      contents: `
        import definitions from ${JSON.stringify(definitions)};
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
    metafile: true,
    logLevel: 'warning',
  });
  return sizesOf(metafile.outputs);
}

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
