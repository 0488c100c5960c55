import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type Arrival,
  actionsPerImpression,
  arrivalBytes,
  badReasons,
  createFeed,
  type FeedEvent,
  type FeedOptions,
  noFaults,
  type PartialRates,
  usualRates,
} from '../../../features/feed/generator/index.ts';

const day = 86_400_000;
const hour = 3_600_000;
const minute = 60_000;
const start = Date.UTC(2026, 0, 5);
const options: FeedOptions = { seed: 7, users: 5_000, items: 2_000, authors: 300, start };

const arrivals = (n: number, more: Partial<FeedOptions> = {}): Arrival[] => {
  const feed = createFeed({ ...options, ...more });
  return Array.from({ length: n }, () => feed.next().value);
};

const hashOf = (list: readonly Arrival[]): string => {
  const hash = createHash('sha256');
  for (const arrival of list)
    hash.update(`${arrival.arrivalTime} ${arrival.kind} `).update(arrivalBytes(arrival));
  return hash.digest('hex').slice(0, 16);
};

const shareOf = <T>(list: readonly T[], is: (x: T) => boolean): number =>
  list.filter(is).length / list.length;

/** Four standard errors of a share counted in `n` draws, or of the smallest number that can be told from it. */
const tolerance = (rate: number, n: number): number => 4 * Math.sqrt((rate * (1 - rate)) / n) + 2 / n;

describe('a seed', () => {
  test('always gives the same events', () => {
    expect(hashOf(arrivals(20_000))).toBe('55e8bea7011ab5b4');
  });

  test('gives others than the next one, and other ids', () => {
    const ids = new Set(arrivals(1_000).map(a => a.event.event_id));
    const others = arrivals(1_000, { seed: 8 });
    expect(others.filter(a => ids.has(a.event.event_id))).toEqual([]);
    expect(others.map(a => a.event.item)).not.toEqual(arrivals(1_000).map(a => a.event.item));
  });

  test('has the same videos whenever it starts, and other ids', () => {
    const videos = (list: readonly Arrival[]) => new Map(list.map(({ event: e }) => [e.item, e.author]));
    const now = arrivals(5_000);
    const later = arrivals(5_000, { start: start + hour });
    const ids = new Set(now.map(a => a.event.event_id));
    const known = videos(now);
    const shared = [...videos(later)].filter(([item]) => known.has(item));
    expect(shared.length).toBeGreaterThan(100);
    expect(shared.filter(([item, author]) => known.get(item) !== author)).toEqual([]);
    expect(later.filter(a => ids.has(a.event.event_id))).toEqual([]);
  });

  test('lets people do the same, whatever goes wrong on the way', () => {
    const done = (rates: PartialRates) =>
      arrivals(3_000, { rates })
        .filter(a => a.kind !== 'copy' && a.kind !== 'stale-copy')
        .map(({ event: { ts, ...rest } }) => JSON.stringify(rest))
        .sort()
        .slice(0, 100);
    const busy = new Set(done({ copy: 0.2 }));
    expect(done(noFaults).filter(text => busy.has(text)).length).toBeGreaterThan(90);
  });
});

describe('arrivals', () => {
  // Long enough that what is held back at the end weighs nothing.
  const list = arrivals(150_000, { eventsPerSecond: 20 });
  const sent = list.filter(a => a.kind !== 'copy' && a.kind !== 'stale-copy');

  test('are in order', () => {
    expect(list.filter((a, i) => i > 0 && a.arrivalTime < list[i - 1]!.arrivalTime)).toEqual([]);
  });

  test('begin at the start, at the rate asked for', () => {
    expect(list[0]!.arrivalTime - start).toBeLessThan(1_000);
    const quiet = arrivals(20_000, { eventsPerSecond: 50, start: start + 6 * hour });
    const seconds = (quiet.at(-1)!.arrivalTime - quiet[0]!.arrivalTime) / 1000;
    // At 6 o'clock there are 0.38 to 0.58 times as many as on average.
    expect(quiet.length / seconds).toBeGreaterThan(0.33 * 50);
    expect(quiet.length / seconds).toBeLessThan(0.6 * 50);
  });

  test.each(['reordered', 'late', 'ahead'] as const)('are %s at their rate', kind => {
    const share = shareOf(sent, a => a.kind === kind);
    expect(Math.abs(share - usualRates[kind])).toBeLessThan(tolerance(usualRates[kind], sent.length));
  });

  test('are bad at the rate of each reason', () => {
    for (const reason of badReasons) {
      const share = shareOf(sent, a => a.reason === reason);
      const rate = usualRates.bad[reason];
      expect(Math.abs(share - rate), reason).toBeLessThan(tolerance(rate, sent.length));
    }
  });

  test('are copies at their rates', () => {
    // Few enough events that all their copies arrive before the end of a day.
    const ofDay = arrivals(60_000, { eventsPerSecond: 0.6, rates: { copy: 0.05, staleCopy: 0.02 } });
    const originals = ofDay.filter(a => a.kind !== 'copy' && a.kind !== 'stale-copy' && a.kind !== 'bad');
    for (const [kind, rate] of [
      ['copy', 0.05],
      ['stale-copy', 0.02],
    ] as const) {
      const share = ofDay.filter(a => a.kind === kind).length / originals.length;
      expect(Math.abs(share - rate), kind).toBeLessThan(tolerance(rate, originals.length) + 0.05 * rate);
    }
  });

  test.each<[Arrival['kind'], least: number, most: number]>([
    ['fresh', 20, 5_000],
    ['reordered', 2_000, minute],
    ['late', 5 * minute, 3 * day],
    ['ahead', -5 * minute, -1],
  ])('that are %s take their time', (kind, least, most) => {
    const ofKind = list.filter(a => a.kind === kind);
    expect(ofKind.length).toBeGreaterThan(0);
    const odd = ofKind.filter(({ arrivalTime, event: { ts } }) => {
      const after = arrivalTime - ts;
      return after < least || after > most;
    });
    expect(odd).toEqual([]);
  });

  test('have times of before every window, of before the stream, or of the future where they are bad for that', () => {
    const ahead = list.filter(a => a.reason === 'future');
    expect(Math.min(...ahead.map(a => a.event.ts - a.arrivalTime))).toBeGreaterThan(5 * minute);
    const old = list.filter(a => a.reason === 'late');
    const oldest = list.filter(a => a.reason === 'too-old');
    expect(Math.min(...old.map(a => a.arrivalTime - a.event.ts))).toBeGreaterThan(91 * day);
    expect(Math.max(...oldest.map(a => a.event.ts))).toBeLessThan(Date.UTC(2000, 0));
  });

  test('are copies of what arrived, within the hour or past it', () => {
    const slow = arrivals(60_000, { eventsPerSecond: 2, rates: { copy: 0.1, staleCopy: 0.05 } });
    const firsts = new Map<string, Arrival>();
    const odd: Arrival[] = [];
    let copies = 0;
    let atTheHour = 0;
    for (const arrival of slow) {
      const { kind, event, arrivalTime } = arrival;
      const first = firsts.get(event.event_id);
      if (kind !== 'copy' && kind !== 'stale-copy') {
        if (first !== undefined) odd.push(arrival);
        firsts.set(event.event_id, arrival);
        continue;
      }
      copies++;
      const after = arrivalTime - (first?.arrivalTime ?? Number.NaN);
      if (event !== first?.event || after <= hour !== (kind === 'copy')) odd.push(arrival);
      if (after === hour) atTheHour++;
    }
    expect(odd).toEqual([]);
    expect(copies).toBeGreaterThan(5_000);
    expect(atTheHour).toBeGreaterThan(50);
  });

  test('come in no other order than was asked for where nothing goes wrong', () => {
    const kinds = new Set(arrivals(5_000, { rates: noFaults }).map(a => a.kind));
    expect([...kinds]).toEqual(['fresh']);
  });
});

describe('people', () => {
  const list = arrivals(150_000, { rates: noFaults, users: 2_000, eventsPerSecond: 20 }).map(a => a.event);
  const impressions = list.filter(e => e.action === 'impression');

  test('do with a video what the rates say', () => {
    for (const [action, rate] of Object.entries(actionsPerImpression)) {
      const found = list.filter(e => e.action === action).length / impressions.length;
      expect(Math.abs(found - rate), action).toBeLessThan(
        tolerance(Math.min(rate, 0.5), impressions.length) + 0.02 * rate,
      );
    }
  });

  test('watch no longer than a video is, and to its end where they finish it', () => {
    const viewOf = (e: FeedEvent): string => `${e.user} ${e.item} ${e.position} ${e.ts}`;
    const watches = list.filter(e => e.action === 'watch');
    const whole = new Set(watches.filter(e => e.watch_ms === e.duration_ms).map(viewOf));
    const finishes = list.filter(e => e.action === 'finish' && e.ts < list.at(-1)!.ts - 10_000);
    expect(list.filter(e => (e.watch_ms !== undefined) !== (e.action === 'watch'))).toEqual([]);
    expect(watches.filter(e => e.watch_ms! > e.duration_ms)).toEqual([]);
    expect(finishes.filter(e => !whole.has(viewOf(e)))).toEqual([]);
    expect(finishes.length).toBeGreaterThan(10_000);
  });

  test('come in sessions that go down the feed place by place', () => {
    const deep = shareOf(impressions, e => e.position > 20);
    // With 20 videos a session and no memory, 1/e of the places lie beyond the 20th.
    expect(deep).toBeGreaterThan(0.32);
    expect(deep).toBeLessThan(0.4);
  });

  test('watch what they like more often than chance would have it', () => {
    const byUser = Map.groupBy(impressions, e => e.user);
    const topShares = [...byUser.values()]
      .filter(list => list.length >= 60)
      .map(list => {
        const counts = [...Map.groupBy(list, e => e.category).values()]
          .map(l => l.length)
          .sort((a, b) => b - a);
        return counts.slice(0, 3).reduce((a, b) => a + b, 0) / list.length;
      });
    expect(topShares.length).toBeGreaterThan(100);
    expect(topShares.reduce((a, b) => a + b, 0) / topShares.length).toBeGreaterThan(0.45);
  });

  test('come by the time of day', () => {
    const twoDays = arrivals(120_000, { rates: noFaults, eventsPerSecond: 0.6 });
    const byHour = new Array<number>(24).fill(0);
    for (const { event } of twoDays)
      if (event.ts < start + 2 * day) byHour[new Date(event.ts).getUTCHours()]!++;
    const mean = byHour.reduce((a, b) => a + b, 0) / 24;
    expect(byHour.indexOf(Math.min(...byHour))).toBeGreaterThanOrEqual(3);
    expect(byHour.indexOf(Math.min(...byHour))).toBeLessThanOrEqual(5);
    expect(byHour.indexOf(Math.max(...byHour))).toBeGreaterThanOrEqual(20);
    expect(byHour.indexOf(Math.max(...byHour))).toBeLessThanOrEqual(22);
    expect(Math.max(...byHour) / mean).toBeGreaterThan(1.6);
    expect(Math.min(...byHour) / mean).toBeLessThan(0.45);
  });

  test('come evenly at every hour of a steady feed, and as many as asked for from the first minute on', () => {
    for (const hours of [4, 21]) {
      const at = start + hours * hour;
      const until = at + 2 * minute;
      let sent = 0;
      for (const { kind, arrivalTime } of createFeed({ ...options, start: at, steady: true })) {
        if (arrivalTime >= until) break;
        if (arrivalTime >= at + minute && !kind.endsWith('copy')) sent++;
      }
      expect(sent / 60, `at ${hours} o'clock`).toBeGreaterThan(900);
      expect(sent / 60, `at ${hours} o'clock`).toBeLessThan(1_100);
    }
  });
});

describe('videos', () => {
  test('are popular by Zipf’s law', () => {
    const counts = new Map<number, number>();
    // Life cycles average out over places: many days, few events each.
    for (const { event } of arrivals(300_000, { rates: noFaults, eventsPerSecond: 0.1 })) {
      if (event.action !== 'impression') continue;
      const place = Number(/^v(\d+)_/.exec(event.item)![1]);
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    // By least squares over the logarithms; far places have too few events to tell.
    const points = [...counts]
      .filter(([place]) => place < 200)
      .map(([p, n]) => [Math.log(p + 1), Math.log(n)] as const);
    const mean = (i: 0 | 1) => points.reduce((a, p) => a + p[i], 0) / points.length;
    const [x, y] = [mean(0), mean(1)];
    const slope =
      points.reduce((a, p) => a + (p[0] - x) * (p[1] - y), 0) /
      points.reduce((a, p) => a + (p[0] - x) ** 2, 0);
    expect(slope).toBeGreaterThan(-1.25);
    expect(slope).toBeLessThan(-0.95);
  });

  test('rise, fade, and make room for new ones', () => {
    const shown = arrivals(100_000, { rates: noFaults, eventsPerSecond: 0.02, items: 50 })
      .map(a => a.event)
      .filter(e => e.action === 'impression');
    const byItem = Map.groupBy(shown, e => e.item);
    // Those that lived their whole lives in this time have a predecessor and a successor. The most popular have no
    // competitors to fade against.
    const early = [...byItem].flatMap(([name, list]) => {
      const [place, life] = name.slice(1).split('_').map(Number) as [number, number];
      if (place < 5 || ![life - 1, life + 1].every(other => byItem.has(`v${place}_${other}`))) return [];
      return [shareOf(list, e => e.ts < (list[0]!.ts + list.at(-1)!.ts) / 2)];
    });
    expect(early.length).toBeGreaterThan(100);
    expect(early.reduce((a, b) => a + b, 0) / early.length).toBeGreaterThan(0.7);
  });

  test('have one author and category each', () => {
    const byItem = Map.groupBy(arrivals(20_000), a => a.event.item);
    const several = [...byItem.values()].filter(
      list => new Set(list.map(({ event: e }) => `${e.author} ${e.category} ${e.duration_ms}`)).size > 1,
    );
    expect(byItem.size).toBeGreaterThan(500);
    expect(several).toEqual([]);
  });
});

test('good events are JSON on one line', () => {
  const good = arrivals(5_000).filter(a => a.kind !== 'bad');
  const texts = good.map(a => Buffer.from(arrivalBytes(a)).toString());
  expect(texts).toEqual(good.map(a => JSON.stringify(a.event)));
});

test.each<[string, Partial<FeedOptions>]>([
  ['users is 0', { users: 0 }],
  ['items is 1.5', { items: 1.5 }],
  ['seed is NaN', { seed: Number.NaN }],
  ['eventsPerSecond is 0', { eventsPerSecond: 0 }],
  ['rate late is 2', { rates: { late: 2 } }],
  ['rate schema is -1', { rates: { bad: { schema: -1 } } }],
  ['they exclude one another', { rates: { late: 0.6, reordered: 0.6 } }],
])('options that make no sense are refused: %s', (message, wrong) => {
  expect(() => createFeed({ ...options, ...wrong })).toThrow(message);
});
