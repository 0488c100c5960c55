import { type Arrival, type ArrivalKind, type BadReason, badReasons, type FeedEvent } from './event.ts';
import type { Random } from './random.ts';
import type { FaultRates } from './rates.ts';
import { createSchedule, type Schedule } from './schedule.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** The stream's own: up to here a copy is dropped. */
const copiesWithin = hour;
/** The stream's own: up to here a clock may be fast. */
const clockTolerance = 5 * minute;
/** Further back than every window of the feed's features. */
const forgotten = 92 * day;

export interface Delivery {
  /** Sends an event at the time that it bears. */
  send(event: FeedEvent): void;
  readonly arrivals: Pick<Schedule<Arrival>, 'nextTime' | 'take'>;
}

/**
 * The way from the phones to the stream, and all that goes wrong on it. Nothing arrives before the time at which it
 * is sent: an event that is late is one whose time is set back, not one that is kept for days.
 */
export function createDelivery(rates: FaultRates, random: Random): Delivery {
  const arrivals = createSchedule<Arrival>();
  const bad = badReasons.map(reason => ({ reason, rate: rates.bad[reason] }));
  const amiss = bad.reduce((sum, { rate }) => sum + rate, rates.reordered + rates.late + rates.ahead);

  function put(arrivalTime: number, kind: ArrivalKind, event: FeedEvent, reason: BadReason | null = null) {
    arrivals.add(arrivalTime, { arrivalTime, kind, reason, event });
  }

  function sendGood(arrivalTime: number, kind: ArrivalKind, event: FeedEvent): void {
    put(arrivalTime, kind, event);
    const draw = random.next();
    if (draw < rates.copy) {
      // Most are sent again at once, some much later; one in twenty at the last moment that still counts as a copy.
      const soon = Math.min(1 + Math.floor(random.exponential(20 * second)), copiesWithin);
      const fate = random.next();
      const after = fate < 0.05 ? copiesWithin : fate < 0.7 ? soon : 1 + random.below(copiesWithin);
      put(arrivalTime + after, 'copy', event);
    } else if (draw < rates.copy + rates.staleCopy) {
      put(arrivalTime + copiesWithin + 1 + random.below(2 * hour), 'stale-copy', event);
    }
  }

  return {
    arrivals,
    send(event) {
      const arrivalTime = event.ts + 20 + Math.floor(random.exponential(150));
      let draw = random.next();
      const isUnder = (rate: number): boolean => {
        const is = draw < rate;
        draw -= rate;
        return is;
      };
      // Nearly all of them: the ways in which things go wrong need not be gone through.
      if (draw >= amiss) {
        sendGood(arrivalTime, 'fresh', event);
      } else if (isUnder(rates.reordered)) {
        sendGood(event.ts + Math.floor(random.between(2 * second, minute)), 'reordered', event);
      } else if (isUnder(rates.late)) {
        const delay = Math.floor(5 * minute * (3 * 24 * 12) ** random.next());
        sendGood(arrivalTime, 'late', { ...event, ts: arrivalTime - delay });
      } else if (isUnder(rates.ahead)) {
        const ts = arrivalTime + 1 + random.below(clockTolerance);
        sendGood(arrivalTime, 'ahead', { ...event, ts });
      } else {
        const reason = bad.find(({ rate }) => isUnder(rate))?.reason;
        if (reason === undefined) sendGood(arrivalTime, 'fresh', event);
        else put(arrivalTime, 'bad', badlyTimed(event, reason, arrivalTime), reason);
      }
    },
  };

  function badlyTimed(event: FeedEvent, reason: BadReason, arrivalTime: number): FeedEvent {
    switch (reason) {
      // A clock that began at zero when the battery ran out.
      case 'too-old':
        return { ...event, ts: random.below(30 * day) };
      case 'late':
        return { ...event, ts: arrivalTime - forgotten - random.below(60 * day) };
      case 'future':
        return { ...event, ts: arrivalTime + clockTolerance + 1 + random.below(2 * day) };
      default:
        return event;
    }
  }
}
