import type { Duration } from './duration.ts';
import type {
  AlarmSettings,
  ArchiveSettings,
  DataSettings,
  EnvironmentSettings,
  FunctionSettings,
  StreamSettings,
  TableSettings,
  Throttle,
} from './settings.ts';

/**
 * Settings that are unknown, missing or of another type, a line each. Node takes types away and checks none: without this
 * a misspelt setting would be deployed as if it were not there.
 */
export function shapeProblems(settings: unknown): readonly string[] {
  const problems: string[] = [];
  settingsShape(settings, '', (at, message) => problems.push(`${at || 'settings'}: ${message}`));
  return problems;
}

type Shape = (value: unknown, at: string, report: (at: string, message: string) => void) => void;

const ofType =
  (type: 'string' | 'number' | 'boolean', name: string): Shape =>
  (value, at, report) => {
    if (typeof value !== type) report(at, `is ${said(value)}: it has to be ${name}`);
  };
const text = ofType('string', 'a text');
const number = ofType('number', 'a number');
const boolean = ofType('boolean', 'true or false');

const oneOf =
  (...words: readonly string[]): Shape =>
  (value, at, report) => {
    if (!words.includes(value as string)) report(at, `is ${said(value)}: it may be ${words.join(', ')}`);
  };

/** The value itself, such as a word or null, or what `shape` says. */
const orElse =
  (exact: unknown, shape: Shape): Shape =>
  (value, at, report) => {
    if (value !== exact) shape(value, at, report);
  };

const listOf =
  (each: Shape): Shape =>
  (value, at, report) => {
    if (!Array.isArray(value)) report(at, `is ${said(value)}: it has to be a list`);
    else for (const one of value) each(one, at, report);
  };

const mapOf =
  (each: Shape): Shape =>
  (value, at, report) => {
    if (!isObject(value)) report(at, `is ${said(value)}: it has to have settings`);
    else for (const [name, one] of Object.entries(value)) each(one, `${at}.${name}`, report);
  };

const objectOf =
  <T>(fields: { readonly [K in keyof Required<T>]: Shape }): Shape =>
  (value, at, report) => {
    if (!isObject(value)) {
      report(at, `is ${said(value)}: it has to have ${Object.keys(fields).join(', ')}`);
      return;
    }
    const path = (name: string): string => (at === '' ? name : `${at}.${name}`);
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name))
        report(path(name), `is no setting; there are ${Object.keys(fields).join(', ')}`);
    }
    for (const [name, shape] of Object.entries<Shape>(fields)) {
      if (value[name] === undefined) report(path(name), 'is missing');
      else shape(value[name], path(name), report);
    }
  };

/** Settings of several kinds, each with fields of its own. */
const kindsOf =
  (kinds: Readonly<Record<string, Readonly<Record<string, Shape>>>>): Shape =>
  (value, at, report) => {
    const kind = isObject(value) ? value.kind : value;
    const fields = Object.hasOwn(kinds, String(kind)) ? kinds[String(kind)] : undefined;
    if (!isObject(value) || fields === undefined)
      report(`${at}.kind`, `is ${said(kind)}: it may be ${Object.keys(kinds).join(', ')}`);
    else objectOf({ kind: text, ...fields })(value, at, report);
  };

const duration: Shape = (value, at, report) => {
  const entries = isObject(value) ? Object.entries(value) : [];
  const [[unit, length] = ['', null]] = entries;
  if (entries.length !== 1 || !Object.hasOwn(units, unit) || typeof length !== 'number')
    report(
      at,
      `is ${said(value)}: it has to be a time, such as { ${Object.keys(units).join(': 5 }, { ')}: 5 }`,
    );
};
const units: Readonly<Record<Duration extends infer D ? (D extends D ? keyof D : never) : never, true>> = {
  seconds: true,
  minutes: true,
  hours: true,
  days: true,
};

const throttle = objectOf<Throttle>({ requestsPerSecond: number, burst: number });
const oneFunction = objectOf<FunctionSettings>({
  memoryMebibytes: number,
  timeout: duration,
  reserved: orElse(null, number),
});

const settingsShape = objectOf<EnvironmentSettings>({
  name: text,
  platform: oneOf('aws', 'ministack'),
  account: text,
  region: text,
  features: text,
  data: objectOf<DataSettings>({ protected: boolean, whenRemoved: oneOf('keep', 'delete') }),
  streams: mapOf(
    objectOf<StreamSettings>({
      source: kindsOf({
        'on-demand': {},
        provisioned: { shards: number },
        existing: { arn: text, keyArn: orElse(null, text), incarnation: text },
      }),
      retention: duration,
      batch: objectOf<StreamSettings['batch']>({ window: duration, records: number }),
    }),
  ),
  tables: objectOf<TableSettings>({
    pointInTimeRecovery: orElse('off', objectOf({ days: number })),
    warmThroughput: mapOf(objectOf({ writeUnitsPerSecond: number, readUnitsPerSecond: number })),
    retired: listOf(text),
  }),
  archive: objectOf<ArchiveSettings>({
    every: duration,
    mebibytes: number,
    infrequentAfter: orElse('never', duration),
    keepFor: orElse('ever', duration),
  }),
  setAside: objectOf({ keepFor: duration }),
  cache: kindsOf({
    none: {},
    serverless: { mostGigabytes: number, mostUnitsPerSecond: number },
    nodes: { nodeType: text, replicas: number },
  }),
  network: kindsOf({
    none: {},
    new: { zones: listOf(text) },
    existing: { vpcId: text, zones: listOf(text), subnetIds: listOf(text) },
  }),
  key: kindsOf({ new: {}, existing: { arn: text } }),
  functions: objectOf<EnvironmentSettings['functions']>({
    ingest: oneFunction,
    transform: oneFunction,
    serve: oneFunction,
  }),
  api: objectOf<EnvironmentSettings['api']>({
    events: throttle,
    features: throttle,
    maxBehind: orElse('any', duration),
  }),
  rollout: kindsOf({
    'at-once': {},
    canary: { percent: number, wait: duration },
    linear: { percent: number, every: duration },
  }),
  alarms: objectOf<AlarmSettings>({ emails: listOf(text), topicArns: listOf(text) }),
  logs: objectOf({ keepFor: duration }),
  tracing: boolean,
  tags: mapOf(text),
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const said = (value: unknown): string => JSON.stringify(value) ?? String(value);
