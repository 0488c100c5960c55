import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileDecoder, isRejection } from '../../lib/kernel/index.ts';
import { createRecordDecoder } from '../../lib/runtime/decode-records.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { now, plays, playText, record } from '../support/plays.ts';

const stream = plays.plan;
const decode = compileDecoder(stream);

/** What becomes of a record, said plainly: a line is an event, each is parsed and checked alone. */
function alone({ shard, sequence, arrivalTime, data }: LogRecord) {
  const latin1 = Buffer.from(data).toString('latin1');
  const lines = latin1.split('\n').filter(line => /[^ \t\r]/.test(line));
  return (lines.length === 0 ? [latin1] : lines).map((line, index) => {
    let json: unknown;
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      json = JSON.parse(text.decode(Buffer.from(line, 'latin1')));
    } catch {
      return { sequence, index, line, outcome: 'unreadable' };
    }
    const event = decode(json, arrivalTime, { shard, sequence, index });
    const outcome = isRejection(event) ? { reason: event.rejected, detail: event.detail } : event;
    return { sequence, index, line, outcome };
  });
}

const plain = fc
  .record({ user: fc.constantFrom('u1', 'u2', ''), ms: fc.integer(), ts: fc.constantFrom(now, now - 1, 0) })
  .map(playText);
const odd = fc.constantFrom(
  playText({ user: 'ü' }),
  playText({ more: [1] }),
  playText({ user: 'a"b' }),
  playText({ ms: 1.5 }),
  playText({ song: null }),
  ` ${playText()}\r`,
  playText().slice(0, -1),
  playText().slice(0, -2),
  playText().slice(1),
  `${playText()}${playText()}`,
  `${playText()},`,
  '',
  ' ',
  '{',
  '}',
  '"',
  ',"ms":1}',
  'null',
  '[]',
);
const event = fc.oneof({ weight: 8, arbitrary: plain }, { weight: 2, arbitrary: odd });
const data = fc.oneof(
  { weight: 6, arbitrary: event },
  { weight: 1, arbitrary: fc.array(event, { minLength: 2, maxLength: 4 }).map(lines => lines.join('\n')) },
  { weight: 1, arbitrary: fc.constant(Buffer.from('{"user":"\xff"}', 'latin1')) },
);
// Text that is ASCII is read another way than text that is not: one such event decides for its batch.
const batch = fc.array(data, { maxLength: 10 });

test('a batch is decoded as its events are alone, in order, whatever stands beside them', () => {
  const decodeBatch = createRecordDecoder(stream);
  fc.assert(
    fc.property(batch, texts => {
      const records = texts.map((text, i) => record(i + 1, text));
      const { records: placed, outcomes } = decodeBatch(records);
      const seen = placed.map(({ sequence, index = 0, data: bytes }, i) => {
        const outcome = outcomes[i]!;
        const isUnread =
          'reason' in outcome && (outcome.reason === 'not-json' || outcome.reason === 'bad-encoding');
        const line = Buffer.from(bytes).toString('latin1');
        return { sequence, index, line, outcome: isUnread ? 'unreadable' : outcome };
      });
      expect(seen).toEqual(records.flatMap(alone));
    }),
    { numRuns: 1_000 },
  );
});
