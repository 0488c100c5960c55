import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import type { LiveExample } from '../../../lib/cli/live/example.ts';
import { closingText, openingLine, progressLine, screenLines } from '../../../lib/cli/live/report.ts';
import type { LiveEntity, Snapshot } from '../../../lib/cli/live/watcher.ts';
import visits from '../visits.ts';

const example: LiveExample = {
  title: 'visits',
  definitions: visits,
  *events() {},
  service: 'visitors',
  entities: [{ user: 'ann' }, { user: 'bob' }],
  columns: [
    { title: 'visits', feature: 'visits', text: value => `${value}` },
    { title: 'pages', feature: 'pages', text: value => `${value} of 9` },
  ],
};

const entity = (user: string, visits: number, status: LiveEntity['status'] = 'known'): LiveEntity => ({
  key: { user },
  status,
  values: { visits, pages: 3 },
});

const snapshot = (changed: Partial<Snapshot> = {}): Snapshot => ({
  url: 'http://127.0.0.1:4600',
  found: { stream: 'visits', events: 0, latestArrival: null, behind: 0 },
  startedAt: 1_000_000,
  seconds: 83.2,
  rates: { received: 1_003, processed: 998 },
  stream: {
    stream: 'visits',
    received: { accepted: 83_200, rejected: 11 },
    processed: { counted: 83_000, skipped: 812, late: 22, bad: 64 },
    behind: 112,
    freshness: { p50: 121, p99: 214 },
    error: null,
  },
  quarantined: { late: 22, schema: 64 },
  entities: [entity('ann', 5), entity('bob', 0, 'unknown')],
  ...changed,
});

const screen = (now: Snapshot, before: Snapshot | null = null): string[] =>
  screenLines(example, '.millrace/feed', now, before);

describe('the screen', () => {
  test('shows rates, freshness, what became of the events, features, and how to ask for them', () => {
    const lines = screen(snapshot());
    expect(lines[0]).toBe('Millrace · visits · http://127.0.0.1:4600 · 1 min 23 s');
    expect(lines[1]).toBe('data in .millrace/feed, begun anew');
    expect(lines.slice(3, 8)).toEqual([
      '    received    processed       behind    fresh p50    fresh p99',
      '     1,003/s        998/s          112       121 ms       214 ms',
      '     counted    duplicate         late          bad      refused',
      '      83,000          812           22           64           11',
      'in quarantine 86: 64 schema, 22 late',
    ]);
    expect(lines.slice(9, 12)).toEqual(['user  visits  pages', 'ann   5       3 of 9', 'bob   –       –']);
    const command = lines.slice(14, 16).join('\n');
    expect(command).toContain('curl -s http://127.0.0.1:4600/v1/features');
    expect(command).toContain(`-d '{"service":"visitors","entities":[{"user":"ann"}]}'`);
  });

  test('fits on 80 columns and 24 rows', () => {
    const lines = screen(snapshot());
    expect(lines.length).toBeLessThan(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('sets off what has changed', () => {
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('FORCE_COLOR', '1');
    const before = snapshot();
    const lines = screen(snapshot({ entities: [entity('ann', 6), entity('bob', 0, 'unknown')] }), before);
    vi.unstubAllEnvs();
    const row = lines.find(line => line.startsWith('ann'))!;
    expect(stripVTControlCharacters(row)).toBe('ann   6       3 of 9');
    expect(row).toContain('\x1b[1m6\x1b[22m');
    expect(row).not.toContain('\x1b[1m3');
  });

  test('shows what could not be read as failed, and an error in the place of the last hint', () => {
    const { stream } = snapshot();
    const error = 'the disk is full';
    const lines = screen(snapshot({ stream: { ...stream, error }, entities: [entity('ann', 5, 'failed')] }));
    expect(lines).toContain('ann   failed  failed');
    expect(lines.at(-1)).toBe('error: the disk is full');
  });

  test('says what was found', () => {
    const latestArrival = Date.now() - 3_700_000;
    const line = openingLine(example, 'http://127.0.0.1:1', 'data', {
      stream: 'visits',
      events: 61_204,
      latestArrival,
      behind: 40,
    });
    expect(line).toBe(
      'Millrace · visits · http://127.0.0.1:1 · data in data, going on after 61,204 events, the last 1 h 1 min before;' +
        ' 40 were still to be processed',
    );
  });
});

test('a line has the same in short', () => {
  expect(progressLine(example, snapshot())).toBe(
    '83 s: 1,003/s in, 998/s processed · 112 behind · fresh after 121 ms (p99 214 ms)' +
      ' · 22 late, 812 duplicate, 64 bad · ann visits: 5',
  );
});

test('the end sums up this run, and the data directory', () => {
  const found = { stream: 'visits', events: 1_000, latestArrival: 1, behind: 0 };
  const text = closingText(example, '.millrace/feed', snapshot({ found, seconds: 83.2 }));
  expect(text).toContain('ann   5       3 of 9');
  expect(text).toContain('Stopped after 1 min 23 s: 83,200 events taken (1,000/s), all processed');
  expect(text).toContain('83,000 counted, 812 duplicate, 22 late, 64 bad, 11 refused');
  expect(text).toContain('84,200 events in .millrace/feed in all');
});
