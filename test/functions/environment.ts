import { onTestFinished, vi } from 'vitest';

export interface TestEnvironment {
  /** What the functions wrote, line by line. */
  readonly lines: Record<string, unknown>[];
}

/** The environment of a function for the running test, with these endpoints of AWS's parts. */
export function lambdaEnvironment(endpoints: Readonly<Record<string, string>>): TestEnvironment {
  const lines: Record<string, unknown>[] = [];
  const variables = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    // Powertools then writes through the console of Node, which can be listened to.
    POWERTOOLS_DEV: 'true',
    POWERTOOLS_METRICS_DISABLED: 'false',
    ...Object.fromEntries(Object.entries(endpoints).map(([part, url]) => [`AWS_ENDPOINT_URL_${part}`, url])),
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  for (const method of ['log', 'info', 'warn', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation((line: unknown) => {
      lines.push(JSON.parse(String(line)));
    });
  }
  onTestFinished(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  return { lines };
}
