/**
 * The layers, and what each may import: itself, and the layers it names. Arrows point one way, towards the kernel,
 * so that values cannot depend on where they are computed.
 *
 * `outside` says what may come from elsewhere: nothing, parts of Node that compute and do no I/O, or any part of
 * Node and the packages that package.json lists under `dependencies`.
 */
export const layers = {
  kernel: { folder: 'lib/kernel', imports: [], outside: 'nothing' },
  define: { folder: 'lib/define', imports: ['kernel'], outside: 'computing' },
  runtime: { folder: 'lib/runtime', imports: ['kernel'], outside: 'computing' },
  adapters: { folder: 'lib/adapters', imports: ['runtime', 'kernel'], outside: 'packages' },
  client: { folder: 'lib/client', imports: ['define', 'runtime', 'kernel'], outside: 'packages' },
  service: { folder: 'lib/service', imports: ['runtime', 'kernel'], outside: 'packages' },
  local: {
    folder: 'lib/local',
    imports: ['service', 'adapters', 'runtime', 'define', 'kernel'],
    outside: 'packages',
  },
  cli: {
    folder: 'lib/cli',
    imports: ['cost', 'environment', 'local', 'client', 'service', 'adapters', 'runtime', 'define', 'kernel'],
    outside: 'packages',
  },
  /** What a user may set of an environment: data and its checks, for whoever deploys or asks what it costs. */
  environment: { folder: 'lib/infra/environment', imports: ['kernel'], outside: 'nothing' },
  /** What alarms there are, as data. */
  watch: { folder: 'lib/infra/watch', imports: ['environment', 'runtime', 'kernel'], outside: 'nothing' },
  /** What an environment costs, for whoever asks. */
  cost: {
    folder: 'lib/infra/cost',
    imports: ['watch', 'environment', 'adapters', 'runtime', 'kernel'],
    outside: 'packages',
  },
  infra: {
    folder: 'lib/infra',
    imports: ['cost', 'watch', 'environment', 'adapters', 'runtime', 'define', 'kernel'],
    outside: 'packages',
  },
  functions: {
    folder: 'functions',
    imports: ['service', 'adapters', 'runtime', 'define', 'kernel'],
    outside: 'packages',
  },
  features: { folder: 'features', imports: ['define', 'environment'], outside: 'nothing' },
  bin: {
    folder: 'bin',
    imports: ['cli', 'local', 'functions', 'features', 'infra', 'environment'],
    outside: 'packages',
  },
} as const satisfies Record<string, LayerRule>;

export type Layer = keyof typeof layers;

interface LayerRule {
  readonly folder: string;
  readonly imports: readonly string[];
  readonly outside: 'nothing' | 'computing' | 'packages';
}

export const layerNames = Object.keys(layers) as Layer[];

/** Parts of Node that need no file, network or process. */
export const computingParts: ReadonlySet<string> = new Set(['node:buffer', 'node:crypto', 'node:util']);

/** Tests and benchmarks may import everything; nothing else may import them. */
export const toolFolders = ['test', 'bench'] as const;

/**
 * Under test/verify a file holds the platform to an answer found without it, and so imports nothing of it. These
 * are the others: they hand the platform its definitions and ask it for its values.
 */
export const platformSideOfVerify: readonly RegExp[] = [
  /^test\/verify\/chronon\/(kernel|plan|check)\.ts$/,
  /^test\/verify\/retail\/check\.ts$/,
  /^test\/verify\/motion\/(check|rows|source)\.ts$/,
  /^test\/verify\/[a-z]+\/verify\.ts$/,
  /\.test\.ts$/,
];

/** `import(path)` of a path known only at run time: the definitions that a user names. */
export const computedImports: ReadonlySet<string> = new Set([
  'lib/cli/load-definitions.ts',
  'functions/bundle.ts',
]);

/** The oracle of the property tests may name the kernel's types, and none of its code. */
export const typesOnly: ReadonlySet<string> = new Set(['test/kernel/oracle.ts']);

export function layerOf(file: string): Layer | null {
  return layerNames.find(name => file.startsWith(`${layers[name].folder}/`)) ?? null;
}
