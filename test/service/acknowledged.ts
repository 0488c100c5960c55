import { expect } from 'vitest';
import { type clientOf, type Reply, visit } from './running.ts';

type Client = ReturnType<typeof clientOf>;

/**
 * A sender that remembers what was acknowledged, and of what it is not known whether it was taken. Every event has a user of its own, so that each is counted alone. Ids
 * go on from one client to the next.
 */
export function createSender() {
  const acknowledged: string[] = [];
  const uncertain: string[] = [];
  let id = 0;

  return {
    acknowledged,
    uncertain,
    /** Sends so many events; null where no answer came. */
    async send(client: Client, count: number, more: object = {}): Promise<Reply | null> {
      const ids = Array.from({ length: count }, () => id++);
      const users = ids.map(one => `user ${one}`);
      const answer = await client
        .sendLines(users.map((user, i) => visit(ids[i]!, { user, ...more })))
        .catch(() => null);
      if (answer === null || answer.status >= 500) uncertain.push(...users);
      else if (answer.status === 200) acknowledged.push(...users);
      return answer;
    },
  };
}

/** Every acknowledged event counts exactly once, and one of which that is not known once or not at all. */
export async function expectCountedOnce(
  client: Client,
  { acknowledged, uncertain }: Pick<ReturnType<typeof createSender>, 'acknowledged' | 'uncertain'>,
): Promise<void> {
  expect(await countsOf(client, acknowledged)).toEqual(new Map([[1, acknowledged.length]]));
  for (const count of (await countsOf(client, uncertain)).keys()) expect([0, 1]).toContain(count);
}

/** How many users have which number of visits. */
async function countsOf(client: Client, users: readonly string[]): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (let from = 0; from < users.length; from += 1_000) {
    const keys = users.slice(from, from + 1_000).map(user => ({ user }));
    const { json } = await client.readGroup('visitor', ...keys);
    const column = json.features.indexOf('visits_lifetime');
    for (const { values } of json.entities) counts.set(values[column], (counts.get(values[column]) ?? 0) + 1);
  }
  return counts;
}
