import { expect, test } from 'vitest';
import { createLane, runWorlds } from './run-worlds.ts';
import {
  entriesBeforeRow,
  entriesBelieved,
  idsForgottenEarly,
  noCut,
  noMarks,
  noProgress,
  noRing,
  positionsForgottenEarly,
  progressBeforeRows,
  settledEarly,
  unconfirmedVerdicts,
} from './weaken.ts';

/** Each rule of the protocol is needed: with one taken away, simulated worlds come out wrong. */

const storm = { seed: 11, profile: 'storm', size: { least: 300, most: 1_500 } } as const;
const numbers = (n: number): number[] => [...Array(n).keys()];

test('with all rules in place they come out right', async () => {
  const { failure, worlds } = await runWorlds({ ...storm, worlds: numbers(30) });
  expect(failure).toBeNull();
  expect(worlds).toBe(30);
}, 120_000);

test.each([
  { rule: 'marks', weakened: { weakening: noMarks } },
  { rule: 'progress', weakened: { weakening: noProgress } },
  { rule: 'progress read after the rows', weakened: { weakening: progressBeforeRows } },
  { rule: "the write's condition", weakened: { checksConditions: false } },
  { rule: 'the ring of ids', weakened: { weakening: noRing } },
  { rule: 'ids kept while batches are in flight', weakened: { weakening: idsForgottenEarly } },
  { rule: 'positions kept while batches are in flight', weakened: { weakening: positionsForgottenEarly } },
  { rule: 'verdicts only from written home rows', weakened: { weakening: unconfirmedVerdicts } },
  { rule: 'the cut below failed home rows', weakened: { weakening: noCut } },
  { rule: 'children that wait for their parents', weakened: { waitsForParents: false } },
  {
    rule: 'the word of the row that lacks an event',
    weakened: { redriveWeakening: entriesBelieved },
    profile: 'damaged',
  },
  {
    rule: 'patience with attempts under way',
    weakened: { redriveWeakening: settledEarly },
    profile: 'damaged',
  },
  {
    rule: 'entries read after their row',
    weakened: { redriveWeakening: entriesBeforeRow },
    profile: 'damaged',
  },
] as const)(
  'without $rule they come out wrong',
  async ({ rule, weakened, ...rest }) => {
    const { failure, worlds } = await runWorlds({
      ...storm,
      ...rest,
      worlds: numbers(100),
      lanes: [createLane(weakened)],
    });
    expect(failure, `no world of ${worlds} went wrong without ${rule}`).not.toBeNull();
  },
  120_000,
);
