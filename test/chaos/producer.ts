import type { QuarantineReason } from '../../lib/runtime/ports.ts';
import type { FaultCounts } from './faults.ts';
import { type Activity, clockTolerance, withinMs } from './feed.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { day, hour, minute, second } from './time.ts';

/** An event as a producer sends it. */
export interface Emission {
  readonly arrivalTime: number;
  /** Where its key hashes to, from 0 to 1. */
  readonly key: number;
  readonly data: Buffer;
  /** What it says; null where it is bad in itself. */
  readonly activity: Activity | null;
  /** Why it is bad in itself. */
  readonly reason: QuarantineReason | null;
  /** Its arrival was chosen to the millisecond: no packing delays it. */
  readonly isTimed: boolean;
}

/** What producers send in a world, in the order of arrival. */
export function createEmissions(
  profile: Profile,
  start: number,
  random: Random,
  counts: FaultCounts,
): Emission[] {
  const emissions: Emission[] = [];
  const keys = Array.from({ length: profile.users }, () => random.float());
  const gap = (2 * second) / profile.eventsPerSecond;
  let time = start;
  for (let n = 0; emissions.length < profile.events; n++) {
    time += random.chance(0.0003) ? random.below(20 * minute) : random.below(gap + 1);
    if (random.chance(profile.chances.bad)) {
      emissions.push(badEmission(time, n, random));
      counts.bad++;
      continue;
    }
    const user = skewed(random, profile.users);
    const ts = eventTime(time, profile, random);
    const activity: Activity = {
      id: `e${n.toString(36)}`,
      user: `user-${user}`,
      item: random.chance(0.05) ? null : `item-${skewed(random, profile.items)}`,
      action: random.chance(0.15) ? 'like' : random.chance(0.1) ? 'share' : 'view',
      ms: random.below(100_000),
      ts,
    };
    const first: Emission = {
      arrivalTime: time,
      key: keys[user] as number,
      data: Buffer.from(JSON.stringify(activity)),
      activity,
      reason: null,
      isTimed: false,
    };
    if (random.chance(profile.chances.copied)) emissions.push(...withCopies(first, random, counts));
    else emissions.push(first);
  }
  return emissions.sort((a, b) => a.arrivalTime - b.arrivalTime);
}

function withCopies(first: Emission, random: Random, counts: FaultCounts): Emission[] {
  const all: Emission[] = [first];
  for (let n = random.pick([1, 1, 1, 2, 4]); n > 0; n--) {
    const kind = random.float();
    const copy = (delay: number, isTimed: boolean): Emission => ({
      ...first,
      arrivalTime: first.arrivalTime + delay,
      isTimed,
    });
    if (kind < 0.7) {
      all.push(copy(random.chance(0.3) ? 0 : random.below(withinMs), false));
      counts.copyWithin++;
    } else if (kind < 0.85) {
      // The edge is inclusive: to stand there to the millisecond, neither may be packed behind another event.
      all[0] = { ...first, isTimed: true };
      all.push(copy(withinMs + random.pick([0, 0, 1]), true));
      counts.copyAtEdge++;
    } else {
      all.push(copy(withinMs + 1 + random.below(3 * withinMs), false));
      counts.copyBeyond++;
    }
  }
  return all;
}

/** When an event says that it happened. */
function eventTime(arrival: number, { chances }: Profile, random: Random): number {
  if (random.chance(chances.late)) {
    const edge = Math.floor((arrival - 7 * day) / hour) * hour;
    return random.chance(0.3) ? edge - random.below(2) : edge - random.below(20 * day);
  }
  if (random.chance(chances.bad / 4)) return arrival + clockTolerance + 1 + random.below(day);
  const kind = random.float();
  if (kind < 0.75) return arrival - random.below(5 * second);
  if (kind < 0.93) return arrival - random.below(20 * minute);
  if (kind < 0.96) return arrival + random.between(0, clockTolerance);
  if (kind < 0.99) return arrival - random.below(30 * hour);
  return arrival - random.below(6 * day);
}

function badEmission(arrivalTime: number, n: number, random: Random): Emission {
  const good = { id: `b${n}`, user: 'user-0', item: 'item-0', action: 'view', ms: 1, ts: arrivalTime };
  const [text, reason] = random.pick<[string | Buffer, QuarantineReason]>([
    [`{"id":"b${n}",`, 'not-json'],
    ['nonsense', 'not-json'],
    [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'bad-encoding'],
    [JSON.stringify({ ...good, ms: 'long' }), 'schema'],
    [JSON.stringify({ ...good, action: 'sneeze' }), 'schema'],
    [JSON.stringify({ ...good, id: undefined }), 'schema'],
    [JSON.stringify({ ...good, user: '' }), 'no-key'],
    [JSON.stringify({ ...good, ts: Date.UTC(1999, 0) }), 'too-old'],
  ]);
  return {
    arrivalTime,
    key: random.float(),
    data: Buffer.from(text),
    activity: null,
    reason,
    isTimed: false,
  };
}

/** From 0 to n − 1, the small ones more often. */
const skewed = (random: Random, n: number): number => Math.floor(n * random.float() ** 2.5);
