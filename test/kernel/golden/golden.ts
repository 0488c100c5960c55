import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  compileDecoder,
  compileGroup,
  decodeRow,
  encodeRow,
  type GroupKernel,
  type GroupPlan,
  isRejection,
  type Row,
  type StreamPlan,
} from '../../../lib/kernel/index.ts';
import { entriesOf, ringOf, settledEntriesOf, settledOf } from '../codec/rings.ts';
import type { GoldenCase } from './cases.ts';

/**
 * A golden file: what a row of some release looked like, and what it meant. Later code must read the same values
 * from it for ever; what later code writes may differ.
 */
export interface Golden {
  readonly codec: number;
  readonly stream: StreamPlan;
  readonly group: GroupPlan;
  readonly events: readonly Record<string, unknown>[];
  /** The encoded row, hex. */
  readonly row: string;
  /** What stands in the row beside the state. */
  readonly envelope: unknown;
  /** At these query times: values and flags of the group's features, in the Plan's order. */
  readonly answers: readonly { readonly q: number; readonly values: unknown; readonly flags: unknown }[];
}

export const folder = fileURLToPath(new URL('.', import.meta.url));
export const suffix = '.golden.json';

export const goldenNames = (): string[] =>
  readdirSync(folder)
    .filter(file => file.endsWith(suffix))
    .map(file => file.slice(0, -suffix.length))
    .sort();

export const readGolden = (name: string): Golden =>
  JSON.parse(readFileSync(`${folder}${name}${suffix}`, 'utf8')) as Golden;

/** The golden file that the code of today makes of a case. */
export function goldenOf({ stream, group, events, hasIds = false }: GoldenCase): Golden {
  const kernel = compileGroup({ streams: [stream] }, group);
  const decode = compileDecoder(stream);
  const state = kernel.createState();
  const now = Math.max(0, ...events.map(e => e.ts as number)) + 1000;
  for (const [i, json] of events.entries()) {
    const event = decode(json, now, {
      shard: `shard-${i % 3}`,
      sequence: i % 2 === 0 ? i : 10n ** 55n + BigInt(i),
      index: i,
    });
    if (isRejection(event)) throw new Error(event.detail);
    kernel.update(state, event);
  }
  const bytes = encodeRow(kernel, { ...envelopeOf(events.length, now, hasIds), state });
  const row = decodeRow(kernel, bytes);
  const { state: _, ...envelope } = row;
  const last = Number.isFinite(state.newest) ? state.newest : 0;
  return {
    codec: bytes[0] as number,
    stream,
    group,
    events,
    row: Buffer.from(bytes).toString('hex'),
    envelope: plainEnvelope(envelope),
    answers: [last + 1, last + 3_600_000, last + 20 * 86_400_000].map(q => answer(kernel, row, q)),
  };
}

export function answer(kernel: GroupKernel, row: Row, q: number): Golden['answers'][number] {
  const { values, flags } = kernel.finalize(row.state, q);
  return { q, values: toPlain(values), flags: toPlain(flags) };
}

/** Kernel values as JSON: bigints and maps are tagged, nothing is lost. */
export function toPlain(value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) return { map: [...value].map(entry => entry.map(toPlain)) };
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, toPlain(v)]));
  }
  return value;
}

/** What stands beside a row's state: its ring as [id, position, arrival] each, settled ids, if any, as [id, arrival]. */
export const plainEnvelope = ({
  ring,
  settled,
  idRuns,
  fault,
  setAside,
  ...rest
}: Omit<Row, 'state'>): unknown =>
  toPlain({
    ...rest,
    ring: entriesOf(ring),
    ...(settled === null ? {} : { settled: settledEntriesOf(settled) }),
    ...(idRuns.length === 0 ? {} : { idRuns }),
    ...(fault === null ? {} : { fault }),
    ...(setAside.length === 0 ? {} : { setAside }),
  });

/** A row's other parts: all of them, or none where there were no events. */
function envelopeOf(events: number, now: number, hasIds: boolean): Omit<Row, 'state'> {
  const whole = { fault: null, setAside: [] };
  const ids = {
    settled: hasIds
      ? settledOf(Array.from({ length: 40 }, (_, i) => [2 ** 40 * i + 7, now - 90_000 + i * 1_999]))
      : null,
    idRuns: hasIds ? [{ id: '012345678901234', bytes: 900, newest: now - 100_000 }] : [],
  };
  if (events === 0) return { fan: 1, marks: [], ring: null, ...ids, runs: [], base: null, ...whole };
  return {
    ...whole,
    fan: 16,
    marks: [
      { shard: 'shardId-000000000000', sequence: 7, index: 3 },
      { shard: 'shardId-000000000001', sequence: 10n ** 55n + 9n, index: 0 },
    ],
    ring: ringOf(
      Array.from({ length: 5 }, (_, i) => [2 ** 52 + i * 12345, 2 ** 50 + i, now - 1000 * (5 - i)]),
    ),
    ...ids,
    runs: [
      { id: 'f47ac10b-58cc-4372-a567-0e02b2c3d479', level: 0, bytes: 1024 },
      { id: 'run-2', level: 1, bytes: 350_000 },
    ],
    base: 'base-2024-01-01',
  };
}
