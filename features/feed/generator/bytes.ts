import type { Arrival, FeedEvent } from './event.ts';

const encoder = new TextEncoder();

/** Past what any stream takes as one event (256 KB). */
const tooMuch = 262_144;

/** What arrives, byte by byte: the event as JSON on one line, or, of a bad one, what became of it. */
export function arrivalBytes({ event, reason }: Arrival): Uint8Array {
  if (reason === null) return encoder.encode(eventText(event));
  switch (reason) {
    case 'not-json': {
      const text = JSON.stringify(event);
      return encoder.encode(text.slice(0, text.length / 2));
    }
    case 'bad-encoding': {
      // 0xFF stands nowhere in UTF-8.
      const bytes = encoder.encode(JSON.stringify(event));
      bytes[bytes.indexOf(0x3a) + 3] = 0xff;
      return bytes;
    }
    case 'too-large':
      return encoder.encode(JSON.stringify({ ...event, note: 'x'.repeat(tooMuch) }));
    case 'schema':
      return encoder.encode(JSON.stringify(misshapen(event)));
    case 'no-key':
      return encoder.encode(JSON.stringify({ ...event, user: event.position % 2 === 0 ? '' : null }));
    // These are whole; their times are wrong.
    case 'too-old':
    case 'late':
    case 'future':
      return encoder.encode(JSON.stringify(event));
  }
}

/** As JSON.stringify has it, in half the time: no text of a feed's event needs escaping. */
function eventText(e: FeedEvent): string {
  const watched = e.watch_ms === undefined ? '' : `"watch_ms":${e.watch_ms},`;
  return (
    `{"event_id":"${e.event_id}","user":"${e.user}","item":"${e.item}","author":"${e.author}",` +
    `"category":"${e.category}","action":"${e.action}",${watched}"duration_ms":${e.duration_ms},` +
    `"position":${e.position},"os":"${e.os}","country":"${e.country}","ts":${e.ts}}`
  );
}

/** Wrong in one of the ways in which apps get it wrong, by the event's position. */
function misshapen(event: FeedEvent): unknown {
  switch (event.position % 4) {
    case 0:
      return { ...event, action: 'hover' };
    case 1:
      return { ...event, duration_ms: `${event.duration_ms}` };
    case 2:
      return { ...event, item: null };
    default:
      return [event];
  }
}
