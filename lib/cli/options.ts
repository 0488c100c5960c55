import { InvalidArgumentError, Option } from 'commander';

/** Options that several commands have, worded once. */
export const options = {
  data: () =>
    new Option('--data <directory>', 'where the log, the rows and the quarantine are kept').default(
      '.millrace/data',
    ),
  features: () =>
    new Option('--features <module>', 'the module whose default export is definitions(…)').default(
      null,
      "this repository's features/retail/index.ts",
    ),
  port: () =>
    new Option('--port <port>', 'where it listens, on this machine only; 0 for any that is free')
      .argParser(parsePort)
      .default(4600),
  env: () => new Option('--env <name>', 'the deployed environment of this name, instead of this machine'),
  profile: () => new Option('--profile <name>', 'the AWS profile for --env; AWS_PROFILE unless given'),
  url: () =>
    new Option(
      '--url <url>',
      'where the service listens; with --env, where its API is if not where its stacks say',
    ),
  json: () => new Option('--json', 'print the result as JSON'),
  verbose: () => new Option('--verbose', 'print where an error came from'),
};

export interface CommonOptions {
  readonly data: string;
  readonly features: string | null;
  readonly json?: true;
  readonly verbose?: true;
}

/** Of commands that can speak to a deployed environment as well. */
export interface EnvironmentOptions {
  readonly url?: string;
  readonly env?: string;
  readonly profile?: string;
}

/** For options that may be given several times. */
export const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** Parses an option's value: a whole number from 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 1.');
  return Number(text);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('Write a number from 0 to 65535.');
  return port;
}
