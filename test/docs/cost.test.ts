import { expect, test } from 'vitest';
import environments from '../../features/environments.ts';
import { blocksOf, readDocument, runAsTyped } from './shell.ts';

test('the command in docs/cost.md prints the lines that stand there', { timeout: 30_000 }, () => {
  const text = readDocument('docs/cost.md');
  const output = runAsTyped(blocksOf(text, 'sh')).replaceAll(/ {2,}/g, '  ');
  const shown = blocksOf(text, 'text').join('').replaceAll(/ {2,}/g, '  ').trim().split('\n');
  expect(shown.length).toBeGreaterThan(2);
  for (const line of shown) expect(output).toContain(line);
  expect(output).toMatch(/^\$[\d,]+\.\d\d a month, before taxes and discounts/m);
});

const billed = environments.filter(({ platform }) => platform === 'aws');

test.each(billed)('by it $name costs at most 40 % of the naive design', { timeout: 30_000 }, ({ name }) => {
  const [command] = blocksOf(readDocument('docs/cost.md'), 'sh');
  const asked = `${command!.trimEnd().replace('--env prod', `--env ${name}`)} --json`;
  const { environment, cost } = JSON.parse(runAsTyped([asked]));
  expect(environment).toBe(name);
  expect(cost.total / cost.naiveTotal).toBeLessThanOrEqual(0.4);
});
