import { describe, expect, test } from 'vitest';
import { createClient } from '../../lib/client/index.ts';
import visits from '../cli/visits.ts';
import { startService } from '../service/running.ts';
import definitions from './definitions.ts';
import { hangUp, ignore, refuse, type Step, scriptService } from './scripted-service.ts';

const answer =
  (features: readonly string[], ...entities: readonly object[]): Step =>
  response =>
    response.end(JSON.stringify({ group: 'user_ticks', asOf: 7, features, entities }));
const known = (...values: readonly unknown[]) => ({ status: 'known', values });

const readTicks = (url: string, options = {}) =>
  createClient(definitions, { url }).readGroup('user_ticks', { user: 'ann' }, options);

test('a failed connection and a service that is busy are tried again', async () => {
  const service = await scriptService(hangUp, refuse(503, 'unavailable'), answer(['ticks'], known(3)));
  expect(await readTicks(service.url)).toEqual({ asOf: 7, status: 'known', values: { ticks: 3 } });
  expect(service.received).toHaveLength(3);
});

test('a refused request is not', async () => {
  const service = await scriptService(refuse(400, 'bad-request'));
  await expect(readTicks(service.url)).rejects.toMatchObject({
    name: 'RequestRefusedError',
    code: 'bad-request',
    status: 400,
    message: `the service at ${service.url} answers 400 bad-request: told so: bad-request`,
  });
  expect(service.received).toHaveLength(1);
});

test('a service that does not answer in time is given up', async () => {
  const service = await scriptService(ignore);
  await expect(readTicks(service.url, { deadlineMs: 40 })).rejects.toMatchObject({
    name: 'DeadlineError',
    tries: 1,
    message: `the service at ${service.url}: no success in one try within 40 ms. Try again, or allow more time`,
  });
});

test('in process too', async () => {
  const never = {
    readGroup: () => new Promise<never>(() => {}),
    readService: () => new Promise<never>(() => {}),
  };
  const client = createClient(definitions, {
    service: { local: never, request: () => new Promise(() => {}) },
  });
  await expect(client.read('users', { user: 'ann' }, { deadlineMs: 40 })).rejects.toMatchObject({
    name: 'DeadlineError',
    message: expect.stringMatching(/^the service in this process: no success in one try within 40 ms/),
  });
});

test('an in-process service that is stopped is one that does not answer', async () => {
  const service = await startService({ definitions });
  const client = createClient(definitions, { service }, { sendDeadlineMs: 50 });
  await service.stop();
  await expect(client.send('ticks', { at: 1, user: 'ann' })).rejects.toMatchObject({
    name: 'UnacknowledgedEventsError',
  });
});

describe('answers of other definitions', () => {
  test('may have features that are not known here, in another order', async () => {
    const service = await scriptService(answer(['new', 'ticks'], known([1], 3), known([], 0)));
    const { entities } = await createClient(definitions, { url: service.url }).readGroup('user_ticks', [
      { user: 'ann' },
      { user: 'bob' },
    ]);
    expect(entities).toEqual([
      { status: 'known', values: { ticks: 3 } },
      { status: 'known', values: { ticks: 0 } },
    ]);
  });

  test.each([
    ['a feature is missing', answer(['clicks'], known(3)), /there is no feature ticks/],
    ['a value is missing', answer(['ticks'], known()), /feature ticks has no value/],
    ['it is no answer', ((response: { end(text: string): void }) => response.end('[]')) as Step, /undefined/],
    ['it is no JSON', ((response: { end(text: string): void }) => response.end('<p>')) as Step, /JSON/],
  ])('are told where %s', async (_, step, message) => {
    const service = await scriptService(step);
    const mismatch = { name: 'AnswerMismatchError', message: expect.stringMatching(message) };
    await expect(readTicks(service.url)).rejects.toMatchObject(mismatch);
    await expect(readTicks(service.url)).rejects.toThrow(
      /group user_ticks .* do both have the same definitions\?/,
    );
  });

  test('are told where a value is of another type', async () => {
    const features = ['item', ...Object.keys((await emptyVector()).values).filter(name => name !== 'item')];
    const service = await scriptService(answer(features, known(5, ...features.slice(1).map(() => null))));
    const client = createClient(definitions, { url: service.url });
    await expect(client.readGroup('user_plays', { user: 'ann' })).rejects.toThrow(
      /an int64 is number, not text/,
    );
  });

  test('are refused where the service does not have what is asked for', async () => {
    const visited = await startService({ definitions: visits });
    const client = createClient(definitions, { url: visited.url });
    await expect(client.read('users', { user: 'a' })).rejects.toMatchObject({ code: 'not-found' });
  });
});

async function emptyVector() {
  const service = await startService({ definitions });
  return createClient(definitions, { service }).readGroup('user_plays', { user: 'ann' });
}
