import { arrivalBytes, createFeed } from './generator/index.ts';
import definitions from './index.ts';

/**
 * In ms. Sessions are under way and copies on their way from the first event on: what came before is made and left out,
 * as far as nobody has to wait for it.
 */
const warmUp = (eventsPerSecond: number): number =>
  Math.min(15_000, Math.floor(30_000_000 / eventsPerSecond));

/**
 * The feed as `npm start` shows it: events of now, at a steady rate, and what to look at while they arrive. Few enough
 * people and videos that each can be seen to change. `lib/cli/live/example.ts` says what the command line needs.
 */
export default {
  title: 'a feed of short videos',
  definitions,

  /** Of the same people and videos each time; another start gives other events. */
  *events({ start, eventsPerSecond }: { readonly start: number; readonly eventsPerSecond: number }) {
    const feed = createFeed({
      seed: 1,
      users: 8_000,
      items: 500,
      authors: 100,
      start: start - warmUp(eventsPerSecond),
      eventsPerSecond,
      steady: true,
      // More than is usual, so that the count is seen to move.
      rates: { bad: { late: 0.001 } },
    });
    for (;;) {
      const arrival = feed.next().value;
      if (arrival.arrivalTime >= start)
        yield { arrivalTime: arrival.arrivalTime, bytes: arrivalBytes(arrival) };
    }
  },

  service: 'retrieval_v1',
  /** From the one who comes most often to one who comes rarely. */
  entities: [{ user: 'u5' }, { user: 'u50' }, { user: 'u200' }, { user: 'u1000' }],
  columns: [
    { title: 'shown 1h', feature: 'user_impressions_1h', text: count },
    { title: 'clicks 1h', feature: 'user_clicks_1h', text: count },
    { title: 'ctr 24h', feature: 'user_ctr_24h', text: share },
    { title: 'avg watch', feature: 'user_watch_avg_7d', text: seconds },
    { title: 'likes most', feature: 'user_favourite_categories_30d', text: namesByCount },
    { title: 'last video', feature: 'user_recent_watches_7d', text: latestItem },
  ],
};

function count(value: unknown): string {
  return Number(value).toLocaleString('en-US');
}

function share(value: unknown): string {
  return `${(Number(value) * 100).toFixed(1)} %`;
}

function seconds(value: unknown): string {
  return value === null ? '' : `${(Number(value) / 1000).toFixed(1)} s`;
}

function namesByCount(value: unknown): string {
  const counts = Object.entries((value ?? {}) as Readonly<Record<string, number>>);
  return counts
    .sort(([, a], [, b]) => b - a)
    .slice(0, 2)
    .map(([name]) => name)
    .join(', ');
}

function latestItem(value: unknown): string {
  const [latest] = (value ?? []) as readonly { readonly item: string }[];
  return latest?.item ?? '';
}
