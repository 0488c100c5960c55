import { Stack, Stage, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { settingsOf, synthesise } from './support.ts';

interface Acknowledged {
  readonly construct: IConstruct;
  readonly id: string;
  readonly reason: string;
}

interface Finding {
  readonly rule: string;
  readonly path: string;
}

const names = ['prod', 'staging', 'dev', 'local'] as const;

describe.each(names)('%s', name => {
  const { app, resources } = synthesise(settingsOf(name));
  const acknowledged = app.node.findAll().flatMap(acknowledgedOn);
  const packs = [new AwsSolutionsChecks(app), new ServerlessChecks(app)];

  test('cdk-nag finds nothing that is not acknowledged', () => {
    expect(packs.flatMap(pack => findingsOf(app, pack))).toEqual([]);
  });

  test('each acknowledgement is of one rule of one resource, with a reason', () => {
    expect(acknowledged.length).toBeGreaterThan(10);
    for (const { construct, id, reason } of acknowledged) {
      expect(Stack.isStack(construct) || Stage.isStage(construct), construct.node.path).toBe(false);
      expect(id).not.toMatch(/\*$/);
      expect(reason, id).toMatch(/^.{30,}\.$/);
    }
  });

  test('each is of something that cdk-nag finds', () => {
    const findings = packs.flatMap(pack => findingsOf(app, deafened(pack)));
    const stale = acknowledged.filter(
      ({ construct, id }) =>
        isOfNag(id) &&
        !findings.some(({ rule, path }) => rule === id && `${path}/`.startsWith(`${construct.node.path}/`)),
    );
    expect(stale.map(({ construct, id }) => `${construct.node.path}: ${id}`)).toEqual([]);
    expect(findings.length).toBeGreaterThan(10);
  });

  test('what checkov finds is skipped on the resource, with a reason', () => {
    const skipped = resources('AWS::Lambda::Function').flatMap(r => r.Metadata?.checkov?.skip ?? []);
    expect(skipped.length).toBeGreaterThan(5);
    for (const { id, comment } of skipped) {
      expect(id).toMatch(/^CKV_AWS_\d+$/);
      expect(comment, id).toMatch(/^.{30,}\.$/);
    }
  });
});

const isOfNag = (id: string): boolean => /^(AwsSolutions|Serverless)-/.test(id);

function acknowledgedOn(construct: IConstruct): readonly Acknowledged[] {
  return construct.node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) =>
      Object.entries(data as Record<string, string>).map(([id, reason]) => ({
        construct,
        id: id.replace(/^annotation::/i, ''),
        reason,
      })),
    );
}

/** A pack that hears no acknowledgement. */
const deafened = (pack: NagPack): NagPack => Object.assign(pack, { isAcknowledged: () => false });

const findingsOf = (app: IConstruct, pack: NagPack): readonly Finding[] =>
  pack
    .validateScope(app)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({ rule: ruleName, path: constructPath ?? '' })),
    );
