/** What vitest's JSON report says of a run, as far as it is read here. */
export interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: TestCounts = { passed: 0, failed: 0, skipped: 0 };

/** Test files that failed before any of their tests was known; vitest counts no failed test for them. */
export const unloadedFiles = (report: VitestReport): readonly string[] =>
  report.testResults
    .filter(file => file.status === 'failed' && file.assertionResults.length === 0)
    .map(file => file.name);

/** A file that could not be loaded counts as one failure. Tests still to be written count as skipped. */
export const countTests = (report: VitestReport): TestCounts => ({
  passed: report.numPassedTests,
  failed: report.numFailedTests + unloadedFiles(report).length,
  skipped: report.numPendingTests + report.numTodoTests,
});

/** The last line of `npm test`; scripts read it. */
export const closingLine = ({ passed, failed, skipped }: TestCounts): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
