import type { Audience } from './audience.ts';
import type { Catalogue } from './catalogue.ts';
import type { Action } from './event.ts';
import type { Random } from './random.ts';
import { createSchedule } from './schedule.ts';

/** Told of each interaction, in no promised order of times within a view. */
export type Interact = (view: View, action: Action, time: number, watchMs: number) => void;

/** A video on a user's screen. */
export interface View {
  readonly user: number;
  /** The video's place in the catalogue. */
  readonly place: number;
  readonly item: string;
  /** From 1. */
  readonly position: number;
}

/** Of the videos shown, how many are followed by what. */
export const actionsPerImpression = {
  impression: 1,
  watch: 0.6,
  finish: 0.24,
  click: 0.12,
  like: 0.048,
  share: 0.012,
  follow: 0.009,
} as const satisfies Record<Action, number>;

export const eventsPerView = Object.values(actionsPerImpression).reduce((a, b) => a + b, 0);

/** Videos that a session shows on average; how many are still to come does not hang on how many have been. */
const viewsPerSession = 20;
const swipeMs = 500;
const longestGlanceMs = 1_500;
const leastWatched = 0.1;
const mostUnfinished = 0.95;
/** Of three videos at hand, one that is of interest is shown. */
const candidates = 3;

interface Session {
  readonly user: number;
  position: number;
}

/**
 * People open the app, by the rhythm of the day, watch one video after another, and leave. There are sessions under
 * way from the start, as many as there usually are at that time.
 */
export function createSessions(options: {
  readonly audience: Audience;
  readonly catalogue: Catalogue;
  readonly random: Random;
  readonly start: number;
  /** How busy the feed is at a time, against its average over the day. */
  readonly rhythm: (time: number) => number;
  /** Mean over the day. */
  readonly viewsPerSecond: number;
  readonly interact: Interact;
}): { nextTime(): number; step(): void } {
  const { audience, catalogue, random, start, rhythm, viewsPerSecond, interact } = options;
  const views = createSchedule<Session>();
  const sessionsPerMs = viewsPerSecond / viewsPerSession / 1000;
  const nextOpening = (time: number): number => time + random.exponential(1 / (sessionsPerMs * rhythm(time)));

  const viewMs = averageViewMs(catalogue, start, random);
  const underWay = sessionsPerMs * rhythm(start) * viewsPerSession * viewMs;
  for (let i = Math.round(underWay); i > 0; i--) {
    const position = 1 + Math.floor(random.exponential(viewsPerSession));
    views.add(start + random.next() * viewMs, {
      user: audience.someone(random),
      position,
    });
  }
  let opening = nextOpening(start);

  function place(user: number, time: number): number {
    let shown = catalogue.shown(time, random);
    for (let i = 1; i < candidates && !audience.likes(user, catalogue.categoryOf(shown)); i++)
      shown = catalogue.shown(time, random);
    return shown;
  }

  function show(session: Session, at: number): void {
    const time = Math.floor(at);
    const { user, position } = session;
    const shown = place(user, time);
    const view = { user, place: shown, item: catalogue.nameOf(shown, time), position };
    interact(view, 'impression', time, 0);
    const left = time + watch(view, time);
    if (random.next() * viewsPerSession < 1) return;
    session.position++;
    views.add(left + swipeMs * (0.5 + random.next()), session);
  }

  /** What happens while the video runs; for how long it does. */
  function watch(view: View, time: number): number {
    const { watch: watched, finish, click, like, share, follow } = actionsPerImpression;
    if (random.next() >= watched) return random.between(0, longestGlanceMs);
    const duration = catalogue.durationOf(view.place);
    const isFinished = random.next() * watched < finish;
    const watchedShare = isFinished ? 1 : random.between(leastWatched, mostUnfinished);
    const watchMs = Math.floor(duration * watchedShare);
    const meanwhile = (action: Action, rate: number): void => {
      if (random.next() * watched < rate)
        interact(view, action, time + Math.floor(random.next() * watchMs), 0);
    };
    meanwhile('click', click);
    meanwhile('like', like);
    meanwhile('share', share);
    meanwhile('follow', follow);
    interact(view, 'watch', time + watchMs, watchMs);
    if (isFinished) interact(view, 'finish', time + watchMs, 0);
    return watchMs;
  }

  return {
    nextTime: () => Math.min(opening, views.nextTime()),
    step() {
      const at = views.nextTime();
      if (at < opening) {
        show(views.take(), at);
      } else {
        show({ user: audience.someone(random), position: 1 }, opening);
        opening = nextOpening(opening);
      }
    },
  };
}

/** How long a video is on the screen, on average, with the swipe to the next. */
function averageViewMs(catalogue: Catalogue, time: number, random: Random): number {
  // Of those that are shown now: a few popular ones decide.
  let total = 0;
  for (let i = 0; i < sampledViews; i++) total += catalogue.durationOf(catalogue.shown(time, random));
  const duration = total / sampledViews;
  const { watch, finish } = actionsPerImpression;
  const unfinished = ((leastWatched + mostUnfinished) / 2) * duration;
  return finish * duration + (watch - finish) * unfinished + (1 - watch) * (longestGlanceMs / 2) + swipeMs;
}

const sampledViews = 2_000;
