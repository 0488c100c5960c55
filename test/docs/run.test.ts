import { expect, test } from 'vitest';
import { blocksOf, readDocument, runAsTyped } from './shell.ts';

test('every command in docs/run.md runs', { timeout: 120_000 }, () => {
  const text = readDocument('docs/run.md');
  const blocks = blocksOf(text, 'sh');
  expect(blocks.length).toBeGreaterThanOrEqual(9);
  expect(blocksOf(text, 'bash'), 'blocks that nothing runs').toEqual([]);
  const output = runAsTyped(blocks);
  expect(output).toContain('customer_activity');
  expect(output).toMatch(/sales\.csv: 2 rows into purchases.*\n {2}1 counted, 1 bad/);
  expect(output).toContain('"price_against_usual"');
  expect(output).toMatch(/field qty/);
  expect(output).toContain('No changes');
  // Of the service.
  expect(output).toContain('{"accepted":1,"rejected":0,');
  expect(output).toMatch(/^purchases +42,482 /m);
  expect(output).toContain('stopped; 42,482 events were accepted, and all are processed');
});
