import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createActivateFunction } from '../../functions/activate/index.ts';
import { createServeFunction } from '../../functions/serve/index.ts';
import { createTransformFunction } from '../../functions/transform/index.ts';
import { count, definitions, featureGroup } from '../../lib/define/index.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import { close, listen } from '../adapters/dynamodb/servers.ts';
import { createMemoryActivePlan } from '../support/memory-active-plan.ts';
import { plays, playText, song, songPlays, userPlays } from '../support/plays.ts';
import { lambdaEnvironment } from './environment.ts';
import { httpRequest } from './http-request.ts';
import { type MemoryState, memoryState } from './memory-state.ts';

const before = definitions({ groups: [userPlays] });
const after = definitions({ groups: [userPlays, songPlays] });
const changed = definitions({
  groups: [
    userPlays,
    featureGroup('song_plays', {
      entity: song,
      from: plays,
      features: () => ({ plays: count().over('30d') }),
    }),
  ],
});
const environment = {
  MILLRACE_STREAM: 'plays',
  MILLRACE_INCARNATION: 'plays-1',
  MILLRACE_BUCKET: 'lake',
  MILLRACE_CONTROL_TABLE: 'control',
};

let lines: readonly Record<string, unknown>[];
beforeEach(() => {
  ({ lines } = lambdaEnvironment({}));
});

const propertiesOf = ({ plan }: typeof before) => ({
  PlanHash: plan.hash,
  Tables: Object.fromEntries(tablesOf(plan).map(({ table }) => [table, `prod-${table}`])),
});

describe('a roll-out', () => {
  let state: MemoryState;
  beforeEach(async () => {
    state = await memoryState(before.plan);
  });

  /** Code of one release. */
  function release(defined: typeof before) {
    const now = Date.now();
    const transform = createTransformFunction(defined, environment, state);
    const serve = createServeFunction(defined, environment, state);
    return {
      transform: (sequence: number) =>
        transform({
          Records: [
            {
              eventID: `shardId-000000000000:${sequence}`,
              kinesis: {
                sequenceNumber: `${sequence}`,
                approximateArrivalTimestamp: now / 1000,
                data: Buffer.from(playText({ ts: now })).toString('base64'),
              },
            },
          ],
        }),
      /** How many plays a group's only entity has; why there is no answer, where there is none. */
      async plays(group: string, key: object) {
        const request = JSON.stringify({ group, entities: [key] });
        const { statusCode, body } = await serve(httpRequest('/v1/features', request));
        if (statusCode !== 200) return JSON.parse(body).error.code;
        const { features, entities } = JSON.parse(body);
        return entities[0].values[features.findIndex((name: string) => name.startsWith('plays'))];
      },
    };
  }

  async function countsOf(code: ReturnType<typeof release>) {
    return [await code.plays('user_plays', { user: 'u1' }), await code.plays('song_plays', { song: 's1' })];
  }

  test('old and new code fold and read by the Plan that is active, and change over with the pointer', async () => {
    const settled = { batchItemFailures: [] };
    const old = release(before);
    expect(await old.transform(1)).toEqual(settled);
    // New code, and the pointer has not moved.
    const fresh = release(after);
    expect(await fresh.transform(2)).toEqual(settled);
    for (const code of [old, fresh]) expect(await countsOf(code)).toEqual([2, 'not-found']);

    await state.activate(after.plan);
    expect(await fresh.transform(3)).toEqual(settled);
    expect(await old.transform(4)).toEqual(settled);
    for (const code of [release(before), release(after)]) expect(await countsOf(code)).toEqual([4, 2]);

    await state.activate(before.plan);
    expect(await fresh.transform(5)).toEqual(settled);
    expect(await countsOf(release(after))).toEqual([5, 'not-found']);
  });

  test('where the active Plan is not to be had, batches are given again and reads are refused', async () => {
    state = await memoryState(null);
    const code = release(before);
    expect(await code.transform(1)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    expect(await countsOf(code)).toEqual(['unavailable', 'unavailable']);
    expect(lines).toContainEqual(expect.objectContaining({ stream: 'plays', BatchesFailed: 1 }));
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'ERROR', message: 'nothing of a batch could be done' }),
    );
    await state.activate(before.plan);
    expect(await code.transform(1)).toEqual({ batchItemFailures: [] });
    expect(await code.plays('user_plays', { user: 'u1' })).toBe(1);
  });

  test('a stream that is new waits for the pointer', async () => {
    state = await memoryState(definitions({ groups: [] }).plan);
    const code = release(before);
    expect((await code.transform(1)).batchItemFailures).toHaveLength(1);
    await state.activate(before.plan);
    expect((await code.transform(1)).batchItemFailures).toHaveLength(0);
    expect(await code.plays('user_plays', { user: 'u1' })).toBe(1);
  });
});

describe('the activate function', () => {
  test('called directly, it moves the pointer, and says why it does not', async () => {
    const activePlan = createMemoryActivePlan();
    const of = (defined: typeof before) => createActivateFunction(defined, environment, activePlan);
    expect(await of(before)(propertiesOf(before))).toMatchObject({ moved: true });
    expect(await of(after)(propertiesOf(after))).toMatchObject({ moved: true });
    await expect(of(changed)(propertiesOf(changed))).rejects.toThrow(
      'raise version to 2 of group song_plays',
    );
    await expect(of(after)(propertiesOf(changed))).rejects.toThrow('was never deployed');
    expect(await activePlan.read()).toMatchObject({ plan: after.plan.hash, number: 2 });
  });

  /** Where CloudFormation waits for answers. */
  async function startResponses(statuses: number[] = []) {
    const answers: Record<string, unknown>[] = [];
    const server = createServer(async (request, response) => {
      const body = await text(request);
      const status = statuses.shift() ?? 200;
      const types = [request.method, request.headers['content-type']];
      if (status === 200) answers.push({ types, ...JSON.parse(body) });
      response.writeHead(status).end();
    });
    const url = await listen(server);
    onTestFinished(() => close(server));
    return { url, answers };
  }

  const request = (
    RequestType: 'Create' | 'Update' | 'Delete',
    ResponseURL: string,
    defined: typeof before,
  ) => ({
    RequestType,
    ResponseURL,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'ActivePlan',
    ResourceProperties: { ServiceToken: 'arn', ...propertiesOf(defined) },
  });

  test('as a custom resource it answers CloudFormation, and a deployment that fails can take itself back', async () => {
    const { url, answers } = await startResponses();
    const activePlan = createMemoryActivePlan();
    const step = async (
      code: typeof before,
      ...[type, wanted]: ['Create' | 'Update' | 'Delete', typeof before]
    ) => {
      await createActivateFunction(code, environment, activePlan)(request(type, url, wanted));
      return [answers.at(-1)?.Status, (await activePlan.read())?.plan];
    };
    expect(await step(before, 'Create', before)).toEqual(['SUCCESS', before.plan.hash]);
    expect(await step(after, 'Update', after)).toEqual(['SUCCESS', after.plan.hash]);
    expect(await step(changed, 'Update', changed)).toEqual(['FAILED', after.plan.hash]);
    // CloudFormation takes it back, by new code or by old.
    expect(await step(changed, 'Update', after)).toEqual(['SUCCESS', after.plan.hash]);
    expect(await step(after, 'Update', before)).toEqual(['SUCCESS', before.plan.hash]);
    expect(await step(before, 'Delete', before)).toEqual(['SUCCESS', before.plan.hash]);
    const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'ActivePlan' };
    expect(answers).toEqual(
      answers.map(() =>
        expect.objectContaining({ ...ids, PhysicalResourceId: 'active-plan', types: ['PUT', undefined] }),
      ),
    );
    expect(answers[2]?.Reason).toMatch(/^PlanConflictError: .*\n.*raise version to 2 of group song_plays/);
  });

  test('an answer that is not taken is sent again; without its environment it fails at once', async () => {
    const { url, answers } = await startResponses([503]);
    const create = request('Create', url, before);
    await createActivateFunction(before, {}, createMemoryActivePlan())(create);
    expect(answers).toEqual([
      expect.objectContaining({
        Status: 'FAILED',
        Reason: 'EnvironmentError: the environment variable MILLRACE_CONTROL_TABLE is not set',
      }),
    ]);
  });
});
