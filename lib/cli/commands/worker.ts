import { Command, InvalidArgumentError, Option } from 'commander';
import type { Plan } from '../../kernel/plan.ts';
import { MillraceError } from '../../runtime/errors.ts';
import type { WorkerEvent } from '../../runtime/worker/worker.ts';
import { formatCount, note, print } from '../format.ts';
import { untilInterrupted } from '../interrupt.ts';
import { loadDefinitions } from '../load-definitions.ts';
import { loadDeployed } from '../load-deployed.ts';
import { type CommonOptions, options } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { deployedPlace, ownPlace, type WorkerPlace } from '../worker/place.ts';
import { createWorkerReport, type WorkerStatus } from '../worker/report.ts';

interface WorkerCommandOptions extends Omit<CommonOptions, 'data'> {
  readonly env?: string;
  readonly bucket?: string;
  readonly stream?: string;
  readonly kinesis?: string;
  readonly incarnation?: string;
  readonly prefix: string;
  readonly redis?: string;
  readonly makeTables?: true;
  readonly batch: number;
  readonly window: number;
  readonly lease: number;
  readonly report: number;
}

export const workerCommand = (): Command =>
  new Command('worker')
    .description('process a Kinesis stream into feature rows, together with other workers')
    .option('--bucket <name>', 'the S3 bucket for events that cannot be processed')
    .option('--stream <name>', 'the stream of the definitions; needed where they have several')
    .option('--kinesis <name>', "Kinesis' name of it; the prefix and its own name if not given")
    .option('--prefix <text>', 'what the names of tables begin with, as in prod-user_activity.1', '')
    .addOption(
      new Option(
        '--env <name>',
        'a deployed environment, for all these names and the Plan that is active there',
      ).conflicts(['bucket', 'kinesis', 'prefix', 'redis', 'makeTables']),
    )
    .addOption(
      // A password in it should not stand among the arguments, which all of a machine's users can see.
      new Option('--redis <url>', 'keep rows in Redis instead: redis://HOST:PORT, rediss:// for TLS').env(
        'MILLRACE_REDIS_URL',
      ),
    )
    .option('--make-tables', 'make the DynamoDB tables that are missing')
    .option('--batch <records>', 'records that are processed at once, at most', wholeUpTo(10_000), 1_000)
    .option('--window <ms>', 'how long records wait for others', wholeUpTo(300_000), 1_000)
    .option('--lease <seconds>', "after how long a dead worker's shards are taken over", wholeUpTo(3_600), 10)
    .option('--incarnation <name>', "names the stream's present life; when it was made, if not given")
    .option('--report <seconds>', 'how often it says how it stands', wholeUpTo(86_400), 10)
    .addOption(options.features())
    .option('--json', 'print what happens as lines of JSON')
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Start as many as you like, anywhere: they share the stream's shards by leases in DynamoDB, and take over from those that
stop or die. More workers than shards wait as spares. Every event counts once, whoever processes it and how often.
What a new stream holds is read from its oldest record on.

Region, credentials and endpoints are the AWS SDK's: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, and so on; with --env the
region is the environment's.
Ctrl-C or TERM: it finishes the batches in hand, gives its shards to the others, and exits with 0.

Tables, with --prefix prod- : prod-GROUP.VERSION for each group's rows, prod-progress, prod-leases.
Redis has rows and progress instead, under the prefix; leases stay in DynamoDB.
With --env all names are those of the environment's stacks.

Examples:
  millrace worker --prefix prod- --bucket prod-lake
  millrace worker --prefix dev- --bucket dev-lake --make-tables --features features/feed/index.ts
  millrace worker --bucket lake --redis rediss://cache.internal:6379 --json
  millrace worker --env prod`,
    )
    .action(async (given: WorkerCommandOptions) => {
      const definitions = await loadDefinitions(given.features);
      const stream = streamOf(definitions.plan, given.stream);
      // The SDK's clients take their time to load, which other commands need not wait for.
      const { openWorker } = await import('../worker/open-worker.ts');
      const place = await placeOf(stream, given);
      await untilInterrupted(async signal => {
        const worker = await openWorker({
          definitions,
          stream,
          place,
          makeTables: given.makeTables ?? false,
          batchRecords: given.batch,
          windowMs: given.window,
          leaseMs: given.lease * 1_000,
          version: packageVersion(),
        });
        const say = given.json ? jsonLines : textLines(given.verbose ?? false);
        const report = createWorkerReport(Date.now);
        say.started({ owner: worker.owner, stream, incarnation: worker.incarnation });
        const timer = setInterval(() => say.status(report.status()), given.report * 1_000);
        try {
          await worker.run(signal, event => {
            report.add(event);
            if (event.kind !== 'batch') say.event(event);
          });
          say.stopped(report.status());
        } finally {
          clearInterval(timer);
          await worker.close();
        }
      }, 'after the batches in hand');
    });

async function placeOf(stream: string, given: WorkerCommandOptions): Promise<WorkerPlace> {
  if (given.env !== undefined) {
    const { locateEnvironment } = await loadDeployed();
    return deployedPlace(await locateEnvironment(given.env), stream, given.incarnation);
  }
  const { bucket } = given;
  if (bucket === undefined)
    throw new MillraceError('--bucket is missing: name an S3 bucket, or a deployed environment with --env');
  return ownPlace({ ...given, stream, bucket });
}

interface Voice {
  started(of: { readonly owner: string; readonly stream: string; readonly incarnation: string }): void;
  event(event: Exclude<WorkerEvent, { kind: 'batch' }>): void;
  status(status: WorkerStatus): void;
  stopped(status: WorkerStatus): void;
}

const textLines = (isVerbose: boolean): Voice => ({
  started: ({ owner, stream, incarnation }) =>
    print(`worker ${owner} on stream ${stream} (${incarnation}); Ctrl-C stops it`),
  event(event) {
    if (event.kind === 'lease') print(`${event.shard} ${event.change.replace('-', ' ')}`);
    else note(`${event.shard ?? 'leases'}: ${describe(event.error, isVerbose)}; trying again`);
  },
  status: status => print(describeStatus(status)),
  stopped: ({ accepted, skipped, late, bad }) =>
    print(
      `stopped; ${formatCount(accepted)} events counted, ${formatCount(skipped)} counted before, ` +
        `${formatCount(late)} late, ${formatCount(bad)} bad`,
    ),
});

const jsonLines: Voice = {
  started: of => printLine({ kind: 'started', ...of }),
  event: event =>
    printLine(event.kind === 'lease' ? event : { ...event, error: describe(event.error, false) }),
  status: status => printLine({ kind: 'status', ...status }),
  stopped: status => printLine({ kind: 'stopped', ...status }),
};

const printLine = (value: object): void =>
  print(JSON.stringify({ time: new Date().toISOString(), ...value }));

function describeStatus({ shards, rate, accepted, late, bad, behindMs, freshMs }: WorkerStatus): string {
  const parts = [
    `${shards} ${shards === 1 ? 'shard' : 'shards'}`,
    `${formatCount(rate)} events/s`,
    `${formatCount(accepted)} counted`,
    ...(late + bad > 0 ? [`${formatCount(late)} late`, `${formatCount(bad)} bad`] : []),
    `${(behindMs / 1000).toFixed(1)} s behind`,
    ...(freshMs === null
      ? []
      : [`fresh p50 ${formatCount(freshMs.p50)} ms, p99 ${formatCount(freshMs.p99)} ms`]),
  ];
  return parts.join(' · ');
}

function describe(error: unknown, isVerbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  return isVerbose ? (error.stack ?? error.message) : error.message;
}

/** The stream that is named, or the only one. Throws MillraceError. */
function streamOf({ streams }: Plan, name: string | undefined): string {
  const names = streams.map(stream => stream.name);
  if (name === undefined && names.length === 1) return names[0]!;
  if (name !== undefined && names.includes(name)) return name;
  throw new MillraceError(
    `${name === undefined ? 'the definitions have several streams' : `there is no stream ${name}`}: ` +
      `name one of ${names.join(', ')} with --stream`,
  );
}

/** Parses a whole number from 1 to `most`. */
function wholeUpTo(most: number) {
  return (text: string): number => {
    if (!/^[1-9]\d{0,8}$/.test(text) || Number(text) > most)
      throw new InvalidArgumentError(`Write a whole number from 1 to ${formatCount(most)}.`);
    return Number(text);
  };
}
