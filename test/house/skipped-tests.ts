import type { Reporter, TestModule } from 'vitest/node';

/** A vitest reporter that names every skipped test and its reason: `context.skip(condition, 'the reason')`. */
export default class SkippedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap(module =>
      [...module.children.allTests('skipped')].map(test => {
        const result = test.result();
        const reason = (result?.state === 'skipped' && result.note) || 'the test gives no reason';
        return `  ${module.relativeModuleId} › ${test.fullName}: ${reason}`;
      }),
    );
    if (lines.length > 0) console.log(`\nSkipped:\n${lines.join('\n')}`);
  }
}
