import { randomNumbers } from '../random.ts';

/** Events as one NDJSON body. */
export interface Body {
  readonly events: number;
  readonly bytes: Buffer;
}

const newline = 10;

/** The lines of a file in bodies of so many. */
export function* batchesOf(file: Buffer, eventsPerBody: number): Generator<Body> {
  let from = 0;
  let events = 0;
  for (let at = file.indexOf(newline); at >= 0; at = file.indexOf(newline, at + 1)) {
    events++;
    if (events < eventsPerBody && at + 1 < file.length) continue;
    yield { events, bytes: file.subarray(from, at + 1) };
    from = at + 1;
    events = 0;
  }
}

/** Events of the feed, now, whose users are drawn evenly: no row is hotter than another. */
export function* evenEvents(
  { events, users, seed }: { readonly events: number; readonly users: number; readonly seed: number },
  eventsPerBody: number,
): Generator<Body> {
  const random = randomNumbers(seed);
  const below = (n: number) => Math.floor(random() * n);
  for (let first = 0; first < events; first += eventsPerBody) {
    const count = Math.min(eventsPerBody, events - first);
    let text = '';
    for (let i = 0; i < count; i++) {
      const action = actions[below(actions.length)]!;
      const item = below(50_000);
      text +=
        `{"event_id":"${seed}-${first + i}","user":"user-${below(users)}","item":"item-${item}",` +
        `"author":"author-${item % 5_000}","category":"c${item % 20}","action":"${action}",` +
        `${action === 'watch' ? `"watch_ms":${below(60_000)},` : ''}"duration_ms":60000,` +
        `"position":${1 + below(30)},"os":"ios","country":"DE","ts":${Date.now()}}\n`;
    }
    yield { events: count, bytes: Buffer.from(text) };
  }
}

const actions = ['impression', 'impression', 'impression', 'click', 'watch', 'finish', 'like'] as const;
