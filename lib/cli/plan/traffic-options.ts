import { InvalidArgumentError, Option } from 'commander';
import type { Spread } from '../../infra/cost/row-model.ts';
import type { Traffic } from '../../infra/cost/traffic.ts';
import type { Plan } from '../../kernel/plan.ts';
import { MillraceError } from '../../runtime/errors.ts';
import { collect } from '../options.ts';

/** Numbers by name; under `''` what holds for all that are not named. */
export type Named = Readonly<Record<string, number>>;

export interface TrafficOptions {
  readonly rate?: Named;
  readonly entities?: Named;
  readonly gap?: Named;
  readonly skew?: Named;
  readonly share?: Named;
  readonly sample?: readonly string[];
  readonly eventBytes: number;
  readonly perRequest: number;
  readonly reads: number;
  readonly perRead: number;
}

export const trafficOptions = (): readonly Option[] => [
  new Option('--rate <events>', 'events a second: N, or stream=N,…').argParser(parseNamed),
  new Option('--entities <count>', 'how many there are of each entity: N, or entity=N,…').argParser(
    parseNamed,
  ),
  new Option('--gap <seconds>', 'between two events of one who is active: entity=N,…').argParser(parseNamed),
  new Option('--skew <exponent>', 'how unequal entities are, by Zipf’s law: entity=N,…').argParser(
    parseNamed,
  ),
  new Option('--share <share>', 'of the events, those that change a row of a group: group=0.4,…').argParser(
    parseNamed,
  ),
  new Option(
    '--sample <file>',
    'measure how events meet in rows: some minutes of all events ([stream=]file)',
  ).argParser(collect),
  new Option('--event-bytes <bytes>', 'an event’s JSON, where no sample says it')
    .argParser(parsePositive)
    .default(300),
  new Option('--per-request <events>', 'events that a producer sends at once')
    .argParser(parsePositive)
    .default(20),
  new Option('--reads <requests>', 'requests for features a second').argParser(parseNumber).default(0),
  new Option('--per-read <entities>', 'entities that such a request asks for')
    .argParser(parsePositive)
    .default(100),
];

/** What the options say of traffic, a sample aside. Throws a MillraceError where they name what the Plan has not. */
export function trafficOf(plan: Plan, options: TrafficOptions): Traffic {
  if (options.rate === undefined || options.entities === undefined)
    throw new MillraceError(
      'a cost needs both --rate and --entities: how many events come in a second, and of how many entities',
    );
  const streams = plan.streams.map(({ name }) => name);
  const entities = plan.entities.map(({ name }) => name);
  const spread = new Map<string, Spread>();
  for (const [name, gapSeconds] of Object.entries(named('--gap', options.gap ?? {}, entities)))
    spread.set(name, { gapSeconds });
  for (const [name, skew] of Object.entries(named('--skew', options.skew ?? {}, entities))) {
    if (spread.has(name)) throw new MillraceError(`${name} has both a --gap and a --skew: give one of them`);
    spread.set(name, { skew });
  }
  return {
    eventsPerSecond: complete('--rate', options.rate, streams),
    entities: complete('--entities', options.entities, entities),
    spread: Object.fromEntries(spread),
    share: shareOf(plan, options.share ?? {}),
    bytesPerEvent: options.eventBytes,
    eventsPerRequest: options.perRequest,
    readsPerSecond: options.reads,
    entitiesPerRead: options.perRead,
  };
}

function shareOf(plan: Plan, given: Named): Named {
  const share = named(
    '--share',
    given,
    plan.groups.map(({ name }) => name),
  );
  const wrong = Object.entries(share).find(([, value]) => value > 1);
  if (wrong !== undefined)
    throw new MillraceError(`--share: ${wrong[0]} has ${wrong[1]}, and a share ends at 1`);
  return share;
}

function complete(option: string, given: Named, names: readonly string[]): Named {
  const known = named(option, given, names);
  const missing = names.filter(name => known[name] === undefined);
  if (missing.length > 0)
    throw new MillraceError(
      `${option} says nothing of ${missing.join(', ')}: ${missing.map(name => `${name}=N`).join(',')}`,
    );
  return known;
}

function named(option: string, given: Named, names: readonly string[]): Named {
  const unknown = Object.keys(given).filter(name => name !== '' && !names.includes(name));
  if (unknown.length > 0)
    throw new MillraceError(`${option}: there is no ${unknown.join(', ')}; there is ${names.join(', ')}`);
  const { '': all, ...each } = given;
  return { ...(all === undefined ? {} : Object.fromEntries(names.map(name => [name, all]))), ...each };
}

function parseNamed(text: string): Named {
  return Object.fromEntries(
    text.split(',').map(part => {
      const [name, value] = part.includes('=') ? part.split('=', 2) : ['', part];
      return [name!.trim(), parsePositive(value!)];
    }),
  );
}

function parsePositive(text: string): number {
  const number = parseNumber(text);
  if (number === 0) throw new InvalidArgumentError('Write a number above 0.');
  return number;
}

/** `2000000`, `2_000_000`, `2e6`, `0.5`. */
function parseNumber(text: string): number {
  const plain = text.trim().replaceAll('_', '');
  const number = Number(plain);
  if (plain === '' || !(number >= 0) || number === Number.POSITIVE_INFINITY)
    throw new InvalidArgumentError('Write a number, such as 1000 or 2e6; or names with numbers, as a=5,b=7.');
  return number;
}
