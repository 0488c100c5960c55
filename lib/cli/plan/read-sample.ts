import { openSource } from '../../adapters/files/open-source.ts';
import { type MeasuredTraffic, measureSample, type SampleEvent } from '../../infra/cost/measure-sample.ts';
import type { Traffic } from '../../infra/cost/traffic.ts';
import { batchingOf } from '../../infra/cost/workload.ts';
import type { EnvironmentSettings } from '../../infra/environment/index.ts';
import type { StreamPlan } from '../../kernel/plan.ts';
import type { CompiledDefinitions } from '../../local/index.ts';
import { MillraceError } from '../../runtime/errors.ts';
import { createRowEncoder } from '../../runtime/row-encoding.ts';

/** The traffic with what samples show of it, each of one stream: a file, or `stream=file`. */
export async function withSamples(
  definitions: CompiledDefinitions,
  settings: EnvironmentSettings,
  traffic: Traffic,
  samples: readonly string[],
): Promise<Traffic> {
  const measured: Record<string, MeasuredTraffic> = {};
  for (const sample of samples) {
    const { stream, file } = sampleOf(definitions.plan.streams, sample);
    measured[stream.name] = await measure(definitions, settings, traffic, stream, file);
  }
  return { ...traffic, measured };
}

function sampleOf(streams: readonly StreamPlan[], sample: string): { stream: StreamPlan; file: string } {
  const named = streams.find(({ name }) => sample.startsWith(`${name}=`));
  if (named !== undefined) return { stream: named, file: sample.slice(named.name.length + 1) };
  const [only] = streams;
  if (streams.length === 1 && only !== undefined) return { stream: only, file: sample };
  const names = streams.map(({ name }) => name).join(', ');
  throw new MillraceError(`--sample ${sample}: say of which stream (${names}) it is: STREAM=FILE`);
}

async function measure(
  { plan, functions }: CompiledDefinitions,
  settings: EnvironmentSettings,
  traffic: Traffic,
  stream: StreamPlan,
  file: string,
): Promise<MeasuredTraffic> {
  const events = await readSample(stream, file);
  const seconds = (events.at(-1)!.arrivalTime - events[0]!.arrivalTime) / 1000;
  const bytes = events.reduce((sum, { data }) => sum + data.length, 0);
  const eventsPerSecond = traffic.eventsPerSecond[stream.name]!;
  const { shards, batchSeconds } = batchingOf(settings.streams[stream.name]!, {
    eventsPerSecond,
    bytesPerEvent: bytes / events.length,
    eventsPerRequest: traffic.eventsPerRequest,
  });
  // A shard of the sample's has as many events as one of the expected traffic.
  const batching = { shards: (shards * events.length) / seconds / eventsPerSecond, batchSeconds };
  return measureSample({ plan, functions, stream: stream.name, events, batching });
}

/** Events arrive at their own times, and never before the one that came before them. */
async function readSample(stream: StreamPlan, file: string): Promise<SampleEvent[]> {
  const source = await openSource(file);
  try {
    const encode = createRowEncoder({ stream, source, mapping: new Map() });
    const events: SampleEvent[] = [];
    let arrivalTime = 0;
    for await (const { firstRow, rows } of source.batches(0)) {
      for (const [i, row] of rows.entries()) {
        const { data, partitionKey, eventTime } = encode(row, firstRow + i);
        arrivalTime = Math.max(arrivalTime, eventTime ?? 0);
        if (arrivalTime > 0) events.push({ arrivalTime, partitionKey, data });
      }
      if (events.length >= mostEvents) break;
    }
    if (events.length === 0)
      throw new MillraceError(
        `${file} has no event with a time: ${stream.eventTime} of stream ${stream.name}`,
      );
    return events;
  } finally {
    await source.close();
  }
}

/** What is beyond is not read: a sample is minutes, and is held in memory. */
const mostEvents = 1_000_000;
