import { createAudience } from './audience.ts';
import { categoryNames, createCatalogue } from './catalogue.ts';
import { createDelivery } from './delivery.ts';
import type { Arrival } from './event.ts';
import { createRandom } from './random.ts';
import { faultRates, type PartialRates } from './rates.ts';
import { rhythm } from './rhythm.ts';
import { createSessions, eventsPerView, type Interact } from './sessions.ts';

export interface FeedOptions {
  /** A whole number. */
  readonly seed: number;
  /** How many there are. */
  readonly users: number;
  /** How many videos there are at any time. */
  readonly items: number;
  readonly authors: number;
  /** Epoch ms: people watch from here on. Some events of before arrive late. */
  readonly start: number;
  /** Events sent in a second, copies not counted: the mean over a day, 1,000 unless given. */
  readonly eventsPerSecond?: number;
  /** As many people at each hour of the day; else they come by its rhythm. */
  readonly steady?: boolean;
  readonly rates?: PartialRates;
}

/**
 * The interactions of a feed of short videos in the order of their arrival, without end: popularity by Zipf's law,
 * videos that rise and fade, users who come in sessions and by the time of day, and all that goes wrong between
 * their phones and the stream. Equal options give equal events. With another start users and videos are the same,
 * events and their ids others: a feed that was stopped goes on with the present time as its start.
 *
 * ```ts
 * for (const arrival of createFeed({ seed: 1, users: 10_000, items: 50_000, authors: 5_000, start: Date.now() }))
 *   send(arrivalBytes(arrival));
 * ```
 *
 * Throws RangeError for options that make no sense.
 */
export function createFeed(options: FeedOptions): Generator<Arrival, never, void> {
  const { seed, users, items, authors, start, eventsPerSecond = 1000, steady = false } = options;
  for (const [name, n] of Object.entries({ users, items, authors }))
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new RangeError(`${name} is ${n}; give a whole number above 0`);
  for (const [name, n] of Object.entries({ seed, start }))
    if (!Number.isSafeInteger(n)) throw new RangeError(`${name} is ${n}; give a whole number`);
  if (!(eventsPerSecond > 0 && eventsPerSecond < Number.POSITIVE_INFINITY))
    throw new RangeError(`eventsPerSecond is ${eventsPerSecond}; give a number above 0`);
  const rates = faultRates(options.rates);

  // Each part draws numbers of its own: another rate of faults leaves what people do as it is.
  const catalogue = createCatalogue(items, authors, createRandom(seed, 'catalogue'));
  const audience = createAudience(users, categoryNames.length, createRandom(seed, 'audience'));
  const { send, arrivals } = createDelivery(rates, createRandom(seed, `delivery from ${start}`));

  const run = `${start.toString(36)}.${seed.toString(36)}`;
  let sent = 0;
  const interact: Interact = ({ user, place, item, position }, action, ts, watchMs) => {
    const event_id = `${run}-${(sent++).toString(36)}`;
    const name = audience.nameOf(user);
    const author = catalogue.authorOf(place);
    const category = catalogue.categoryName(catalogue.categoryOf(place));
    const duration_ms = catalogue.durationOf(place);
    const os = audience.osOf(user);
    const country = audience.countryOf(user);
    const about = { event_id, user: name, item, author, category, action };
    if (action === 'watch') send({ ...about, watch_ms: watchMs, duration_ms, position, os, country, ts });
    else send({ ...about, duration_ms, position, os, country, ts });
  };

  const sessions = createSessions({
    audience,
    catalogue,
    random: createRandom(seed, `sessions from ${start}`),
    start,
    rhythm: steady ? () => 1 : rhythm,
    viewsPerSecond: eventsPerSecond / eventsPerView,
    interact,
  });

  return (function* () {
    for (;;) {
      // What a view brings arrives at its beginning at the earliest.
      if (sessions.nextTime() <= arrivals.nextTime()) sessions.step();
      else yield arrivals.take();
    }
  })();
}
