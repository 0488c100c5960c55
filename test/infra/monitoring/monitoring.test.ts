import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import feed from '../../../features/feed/index.ts';
import { estimateCost } from '../../../lib/infra/cost/estimate.ts';
import { alarmsOf } from '../../../lib/infra/watch/alarms.ts';
import { metricDimensions, metricNames, namespaceOf } from '../../../lib/runtime/metric-names.ts';
import { type Resource, type Synthesised, settingsOf, synthesise } from '../support.ts';

const root = new URL('../../..', import.meta.url);
const runbook = readFileSync(new URL('docs/runbook.md', root), 'utf8');
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map(section => [section.slice(0, section.indexOf('\n')), section]),
);

let prod: Synthesised;
let local: Synthesised;
beforeAll(() => {
  prod = synthesise(settingsOf('prod'));
  local = synthesise(settingsOf('local'));
}, 60_000);

type Alarm = Resource & { readonly Properties: AlarmProperties };
interface AlarmProperties {
  readonly AlarmDescription: string;
  readonly AlarmActions?: readonly unknown[];
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Metrics?: unknown;
  readonly Threshold: number;
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

const alarmsIn = (of: Synthesised): readonly Alarm[] =>
  of.resources('AWS::CloudWatch::Alarm') as unknown as Alarm[];
const sectionOf = ({ Properties }: Alarm): string | undefined =>
  /docs\/runbook\.md#([a-z-]+)/.exec(Properties.AlarmDescription)?.[1];

describe('every alarm', () => {
  test('has its section in the runbook, of its severity, and every section has an alarm', () => {
    const named = alarmsIn(prod).map(alarm => [
      sectionOf(alarm),
      /Severity (\d)/.exec(alarm.Properties.AlarmDescription)?.[1],
    ]);
    for (const [section, severity] of named) {
      expect(sections.has(section ?? ''), `${section}`).toBe(true);
      expect(sections.get(section!), section).toContain(`\nSeverity ${severity}.\n`);
    }
    expect([...sections.keys()].toSorted()).toEqual(
      [...new Set(named.map(([section]) => section!))].toSorted(),
    );
  });

  test.each([...sections])(
    'the section %s says what it means, who notices, how to look, what to do, when to call',
    (_, text) => {
      for (const part of ['Means', 'Users see', 'Look', 'Do', 'Escalate'])
        expect(text).toMatch(new RegExp(`^- \\*\\*${part}\\*\\*: \\S`, 'm'));
      for (const [, to] of text.matchAll(/\]\(#([a-z-]+)\)/g)) expect(sections.has(to!), to).toBe(true);
    },
  );

  test('says which environment it is of, links to the console, and goes to the receivers', () => {
    for (const { Properties } of alarmsIn(prod).filter(alarm => sectionOf(alarm) !== 'roll-back')) {
      expect(Properties.AlarmDescription).toMatch(/^Severity [123], Millrace prod, \S+\.\n/);
      expect(Properties.AlarmDescription).toContain(
        'https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#alarmsV2:?search=Millrace-prod-Monitoring',
      );
      expect(Properties.AlarmActions).toEqual([{ Ref: prod.one('AWS::SNS::Topic', 'Monitoring').id }]);
    }
  });

  test('is on one metric, so that a local AWS takes it too', () => {
    expect(alarmsIn(local).length).toBeGreaterThan(20);
    for (const { Properties } of alarmsIn(local)) expect(Properties.Metrics).toBeUndefined();
  });

  test('is counted in the bill', () => {
    for (const [name, of] of [
      ['prod', prod],
      ['local', local],
    ] as const) {
      const line = estimateCost(feed.plan, settingsOf(name), quiet).lines.find(
        ({ item }) => item === 'Alarms',
      );
      expect(line?.quantity, name).toBe(alarmsIn(of).length);
    }
  });
});

const quiet = {
  eventsPerSecond: { interactions: 1 },
  entities: {},
  bytesPerEvent: 300,
  eventsPerRequest: 1,
  readsPerSecond: 0,
  entitiesPerRead: 1,
};

describe('thresholds', () => {
  const of = (section: string, from = prod): AlarmProperties =>
    alarmsIn(from).find(alarm => sectionOf(alarm) === section)!.Properties;

  test('of lost events are half of the retention, at the first sign', () => {
    expect(of('events-about-to-be-lost')).toMatchObject({
      MetricName: 'IteratorAge',
      Threshold: 3.5 * 86_400_000,
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
    });
    expect(of('events-about-to-be-lost', local).Threshold).toBe(12 * 3_600_000);
  });

  test('of freshness follow the batching window', () => {
    expect(of('stale-features')).toMatchObject({
      Threshold: 80_000,
      ExtendedStatistic: 'p99',
      DatapointsToAlarm: 3,
    });
    expect(of('stale-features', local).Threshold).toBe(62_000);
  });

  test('of silence hold where data is protected, and no data is silence', () => {
    expect(of('no-events')).toMatchObject({
      ComparisonOperator: 'LessThanOrEqualToThreshold',
      Threshold: 0,
      TreatMissingData: 'breaching',
      EvaluationPeriods: 6,
    });
    expect(alarmsIn(local).map(sectionOf)).not.toContain('no-events');
  });

  test('are reached from above by all others, which are quiet without data', () => {
    for (const alarm of alarmsIn(prod).filter(one => sectionOf(one) !== 'no-events'))
      expect(alarm.Properties).toMatchObject({
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
      });
  });
});

describe('metrics', () => {
  /** By function: the names that it emits, and the dimension that it emits them under. */
  const emitted = emittedNames();

  test('that functions emit are those there are names for', () => {
    expect([...emitted.keys()].toSorted()).toEqual(Object.values(metricNames).toSorted());
  });

  test('of alarms are emitted, under the dimension that the alarm has', () => {
    const ours = alarmsIn(prod).filter(({ Properties }) => Properties.Namespace === namespaceOf('prod'));
    expect(ours.length).toBeGreaterThan(10);
    for (const { Properties } of ours) {
      const { MetricName, Dimensions } = Properties;
      expect(
        Dimensions?.map(({ Name }) => Name),
        MetricName,
      ).toHaveLength(1);
      expect([...(emitted.get(MetricName!) ?? [])], MetricName).toContain(Dimensions![0]!.Name);
    }
  });

  test('of alarms name streams and services of the Plan', () => {
    const names = [...feed.plan.streams, ...feed.plan.services].map(({ name }) => name);
    for (const { Properties } of alarmsIn(prod))
      if (Properties.Namespace === namespaceOf('prod'))
        expect(names).toContain(Properties.Dimensions![0]!.Value);
  });

  test('are all on the dashboard, under a dimension that they are emitted with', () => {
    const shown = dashboardMetrics(prod);
    for (const name of Object.values(metricNames))
      expect(
        shown.map(metric => metric.name),
        name,
      ).toContain(name);
    for (const { namespace, name, dimension } of shown)
      if (namespace === namespaceOf('prod'))
        expect([...(emitted.get(name) ?? [])], name).toContain(dimension);
  });

  test('go to the namespace of their environment', () => {
    const ours = prod
      .resources('AWS::Lambda::Function')
      .map(({ Properties }) => (Properties.Environment as { Variables?: Record<string, unknown> })?.Variables)
      .filter(variables => variables?.POWERTOOLS_SERVICE_NAME !== undefined);
    expect(ours.length).toBeGreaterThanOrEqual(4);
    for (const variables of ours) expect(variables?.POWERTOOLS_METRICS_NAMESPACE).toBe('Millrace/prod');
  });

  test('of no alarm are looked for twice in one place', () => {
    const seen = alarmsOf(feed.plan, settingsOf('prod')).map(({ runbook: name, of }) => `${name} ${of}`);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

/** What the sources of functions name, with the dimension of the counter that they made. */
function emittedNames(): Map<string, Set<string>> {
  const emitted = new Map<string, Set<string>>();
  const folder = new URL('functions/', root);
  const sources = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts'))
      .map(file => [file, readFileSync(new URL(file, folder), 'utf8')]),
  );
  for (const [file, text] of sources) {
    const own = /createCounter\('(\w+)'\)/.exec(text)?.[1];
    // What several functions share is emitted by those that import it.
    const by = own === undefined ? usersOf(file, sources) : [own];
    for (const [, key] of text.matchAll(/metricNames\.(\w+)/g)) {
      const name = metricNames[key as keyof typeof metricNames];
      const dimensions = emitted.get(name) ?? new Set();
      for (const one of by) dimensions.add(metricDimensions[one as keyof typeof metricDimensions]);
      emitted.set(name, dimensions);
    }
  }
  return emitted;
}

function usersOf(file: string, sources: ReadonlyMap<string, string>): string[] {
  const name = file.split('/').at(-1);
  return [...sources.values()]
    .filter(text => text.includes(`/${name}'`))
    .flatMap(text => /createCounter\('(\w+)'\)/.exec(text)?.[1] ?? []);
}

function dashboardMetrics(of: Synthesised): { namespace: string; name: string; dimension: string }[] {
  const { DashboardBody } = of.one('AWS::CloudWatch::Dashboard', 'Monitoring').Properties as {
    DashboardBody: unknown;
  };
  const parts = (DashboardBody as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1];
  const body = JSON.parse(parts.map(part => (typeof part === 'string' ? part : 'name')).join(''));
  return body.widgets
    .flatMap((widget: { properties: { metrics?: unknown[][] } }) => widget.properties.metrics ?? [])
    .filter((metric: unknown[]) => typeof metric[0] === 'string')
    .map(([namespace, name, dimension]: string[]) => ({ namespace, name, dimension }));
}
