import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partitionKeyOf } from '../../lib/runtime/partition-key.ts';
import { createBodyReader, isRefused } from '../../lib/service/event-body.ts';
import { splitArray } from '../../lib/service/split-array.ts';
import visits from '../cli/visits.ts';

const read = createBodyReader({ stream: visits.plan.streams[0]!, maxEvents: 1_000 });
const texts = (elements: readonly Uint8Array[]) => elements.map(element => Buffer.from(element).toString());

test('the elements of an array are its texts, whatever is in them', () => {
  fc.assert(
    fc.property(fc.array(fc.json()), fc.constantFrom(',', ' , ', ',\n'), (elements, comma) => {
      expect(texts(splitArray(Buffer.from(`[ ${elements.join(comma)} ]`)))).toEqual(elements);
    }),
  );
});

test('every event goes on as one line that means the same', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.constantFrom(0, 2, '\t'), (values, indent) => {
      const body = Buffer.from(JSON.stringify(values, null, indent).replaceAll('\n', '\r\n'));
      const events = read(body, 'json').flatMap(event => (isRefused(event) ? [] : [event.data]));
      for (const data of events) expect(data.includes(10)).toBe(false);
      expect(texts(events).map(text => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
});

test('lines are the events, blank ones are none', () => {
  const line = fc.jsonValue().map(value => JSON.stringify(value));
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\n\n', '\n \t\r\n'), (lines, end) => {
      const events = read(Buffer.from(lines.join(end)), 'ndjson').flatMap(e =>
        isRefused(e) ? [] : [e.data],
      );
      expect(texts(events)).toEqual(lines);
    }),
  );
});

test('the stream’s key decides the shard, and is empty where an event has none', () => {
  const events = read(Buffer.from('[{"user":"ann"},{"user":null},{"user":["x"]},{},5,null,[1]]'), 'json');
  expect(events.map(event => ('partitionKey' in event ? event.partitionKey : null))).toEqual([
    'ann',
    ...Array(6).fill(''),
  ]);
});

test('the key is the same however the event is written', () => {
  const keyOf = partitionKeyOf(visits.plan.streams[0]!);
  const event = fc.record({
    id: fc.integer(),
    ts: fc.constantFrom(1_700_000_000_000, '2026-01-05T18:00:00Z'),
    user: fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.constantFrom('1', ' 1', '007', null),
    ),
    page: fc.string(),
    kind: fc.constantFrom('view', 'click', 'other'),
    ms: fc.double({ noNaN: true, noDefaultInfinity: true }),
  });
  fc.assert(
    fc.property(fc.array(event, { minLength: 1 }), fc.constantFrom('json', 'ndjson'), (values, format) => {
      const texts = values.map(value => JSON.stringify(value));
      const body = format === 'json' ? `[${texts.join(' ,')}]` : texts.join('\n');
      const found = read(Buffer.from(body), format as 'json' | 'ndjson');
      expect(found.map(one => ('partitionKey' in one ? one.partitionKey : null))).toEqual(
        values.map(value => keyOf(value)),
      );
    }),
  );
});

test('a deep event does not overflow the stack', () => {
  const depth = 100_000;
  const [event] = read(Buffer.from(`[${'['.repeat(depth)}${']'.repeat(depth)}]`), 'json');
  expect(event).toMatchObject({ data: { length: 2 * depth } });
});
