import { expect, test } from 'vitest';
import { closingLine, countTests, noTests, unloadedFiles, type VitestReport } from './test-counts.ts';

const report = (given: Partial<VitestReport>): VitestReport => ({
  success: true,
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...given,
});

test('counts what the report says; tests still to be written are skipped ones', () => {
  const counts = countTests(
    report({ numPassedTests: 7, numFailedTests: 2, numPendingTests: 3, numTodoTests: 1 }),
  );
  expect(counts).toEqual({ passed: 7, failed: 2, skipped: 4 });
  expect(closingLine(counts)).toBe('7 passed, 2 failed, 4 skipped');
});

test('a file that could not be loaded is a failure, though no test of it failed', () => {
  const broken = report({
    success: false,
    numPassedTests: 7,
    testResults: [
      { name: 'a.test.ts', status: 'passed', assertionResults: [{}] },
      { name: 'b.test.ts', status: 'failed', assertionResults: [] },
    ],
  });
  expect(unloadedFiles(broken)).toEqual(['b.test.ts']);
  expect(countTests(broken)).toEqual({ passed: 7, failed: 1, skipped: 0 });
});

test('a file with a failed test is not counted twice', () => {
  const failed = report({
    success: false,
    numFailedTests: 1,
    testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [{}] }],
  });
  expect(countTests(failed).failed).toBe(1);
});

test('nothing ran', () => {
  expect(closingLine(noTests)).toBe('0 passed, 0 failed, 0 skipped');
});
