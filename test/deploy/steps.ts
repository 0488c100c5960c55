/** A step that was gone through. */
export interface StepReport {
  readonly step: string;
  readonly seconds: number;
  /** What came of it, in words. */
  readonly result: string;
}

export interface Steps {
  /** Does a step, shows it, and keeps how long it took. Its result is what `tell` says of it. */
  run<Result>(step: string, work: (tell: (result: string) => void) => Promise<Result>): Promise<Result>;
  readonly done: readonly StepReport[];
}

/** Steps on a stream for people: what is being done now, and what came of it. */
export function createSteps(show: (text: string) => void): Steps {
  const done: StepReport[] = [];
  const started = performance.now();
  const clock = (): string => {
    const seconds = Math.round((performance.now() - started) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  };
  return {
    done,
    async run(step, work) {
      show(`${clock()}  ${step} …\n`);
      const since = performance.now();
      let result = '';
      const value = await work(text => {
        result = text;
      });
      const seconds = Math.round((performance.now() - since) / 100) / 10;
      done.push({ step, seconds, result });
      show(`${clock()}    ${result || 'done'} (${seconds} s)\n`);
      return value;
    },
  };
}
