import type { LogRecord } from '../../lib/runtime/ports.ts';
import type { FaultCounts } from './faults.ts';
import type { Life } from './feed.ts';
import type { Emission } from './producer.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';

/** An event where it lies in the stream. */
export interface PlacedEmission extends Emission {
  readonly shard: SimulatedShard;
  /** Its record's place in `shard.records`. */
  readonly record: number;
  readonly sequence: number | bigint;
  readonly index: number;
}

export interface SimulatedShard {
  readonly life: Life;
  /** Unique within the life. */
  readonly id: string;
  /** What has to be drained before: its parents, or all of an earlier life. */
  readonly parents: readonly SimulatedShard[];
  /** The part of the hashed keys, from 0 to 1, that is its. */
  readonly from: number;
  readonly to: number;
  readonly records: LogRecord[];
  /** Epoch ms; infinity while it is open. */
  closesAt: number;
}

export interface SimulatedStream {
  readonly shards: readonly SimulatedShard[];
  /** In the order of their arrival. */
  readonly events: readonly PlacedEmission[];
}

/**
 * Puts what producers sent into shards, in the order of arrival. A key belongs to one shard at a time; shards split
 * and merge on the way, and a record may pack several events of one shard.
 */
export function createStream(
  emissions: readonly Emission[],
  profile: Profile,
  random: Random,
  counts: FaultCounts,
): SimulatedStream {
  const shards: SimulatedShard[] = [];
  const events: PlacedEmission[] = [];
  const isBig = random.chance(0.3);
  let sequences = 0;
  let open: SimulatedShard[] = [];
  let life: Life = 'feed-1';

  const add = (from: number, to: number, parents: readonly SimulatedShard[]): SimulatedShard => {
    const id = `shard-${shards.filter(s => s.life === life).length}`;
    const shard: SimulatedShard = {
      life,
      id,
      parents,
      from,
      to,
      records: [],
      closesAt: Number.POSITIVE_INFINITY,
    };
    shards.push(shard);
    return shard;
  };
  const begin = (parents: readonly SimulatedShard[]): SimulatedShard[] =>
    Array.from({ length: profile.shards }, (_, s) =>
      add(s / profile.shards, (s + 1) / profile.shards, parents),
    );
  open = begin([]);

  function recreate(time: number): void {
    for (const shard of open) shard.closesAt = time;
    life = 'feed-2';
    sequences = 0;
    open = begin(open);
    counts.recreated++;
  }

  function reshard(time: number): void {
    const at = random.below(open.length);
    const shard = open[at] as SimulatedShard;
    const next = open[at + 1];
    if (next !== undefined && random.chance(0.4)) {
      shard.closesAt = time;
      next.closesAt = time;
      open.splice(at, 2, add(shard.from, next.to, [shard, next]));
      counts.merge++;
    } else {
      const middle = (shard.from + shard.to) / 2;
      shard.closesAt = time;
      open.splice(at, 1, add(shard.from, middle, [shard]), add(middle, shard.to, [shard]));
      counts.split++;
    }
  }

  function put(shard: SimulatedShard, packed: readonly Emission[]): void {
    sequences += random.between(1, 3);
    const sequence = isBig
      ? 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989n + BigInt(sequences)
      : sequences;
    const data =
      packed.length === 1
        ? (packed[0] as Emission).data
        : Buffer.concat(packed.flatMap(e => [e.data, newline]));
    const record = shard.records.length;
    // Packed events arrive together, when the last of them is there.
    const { arrivalTime } = packed.at(-1) as Emission;
    shard.records.push({ shard: shard.id, sequence, arrivalTime, data });
    if (packed.length > 1) counts.packedRecord++;
    for (const [index, e] of packed.entries()) {
      events.push({ ...e, arrivalTime, shard, record, sequence, index });
    }
  }

  const recreateAt = profile.isRecreated ? random.below(emissions.length) : -1;
  const reshardAt = new Set(
    Array.from({ length: profile.reshardings }, () => random.below(emissions.length)),
  );
  for (let i = 0; i < emissions.length; ) {
    const first = emissions[i] as Emission;
    if (i === recreateAt) recreate(first.arrivalTime);
    if (reshardAt.has(i)) reshard(first.arrivalTime);
    const shard = open.find(s => first.key >= s.from && first.key < s.to) as SimulatedShard;
    const packed = [first];
    i++;
    if (!first.isTimed && random.chance(profile.chances.packed)) {
      for (let most = random.between(2, 8); packed.length < most && i < emissions.length; i++) {
        const next = emissions[i] as Emission;
        if (
          next.isTimed ||
          next.key < shard.from ||
          next.key >= shard.to ||
          reshardAt.has(i) ||
          i === recreateAt
        )
          break;
        packed.push(next);
      }
    }
    put(shard, packed);
  }
  return { shards, events };
}

const newline = Buffer.from('\n');
