import { describe, expect, test } from 'vitest';
import definitions from '../../../features/feed/index.ts';

const { plan } = definitions;
const service = (name: string) => plan.services.find(s => s.name === name)!;
const countOf = (name: string, prefix: string): number =>
  service(name).features.filter(f => f.name.startsWith(prefix)).length;

describe('the feed’s definitions', () => {
  test('have their home on the users’ rows, which every event touches', () => {
    expect(plan.streams.map(s => [s.name, s.home])).toEqual([['interactions', 'user_engagement']]);
    const home = plan.groups.find(g => g.name === 'user_engagement')!;
    expect(home.keys).toEqual(['user']);
  });

  test('are many and of many kinds', () => {
    const features = plan.groups.flatMap(g => g.features);
    const kinds = new Set(
      plan.groups.flatMap(g =>
        g.features.map(
          f => `${g.slots[f.slot]!.aggregator}/${f.finalizer}/${g.slots[f.slot]!.by ? 'by' : ''}`,
        ),
      ),
    );
    expect(features.length).toBeGreaterThanOrEqual(100);
    expect(kinds.size).toBeGreaterThanOrEqual(22);
  });

  test('rank by 50 features of the user and 20 of the item', () => {
    expect(countOf('ranking_v1', 'user_')).toBe(50);
    expect(countOf('ranking_v1', 'item_')).toBe(20);
    expect(service('ranking_v1').features).toHaveLength(70);
    expect(service('ranking_v1').onDemand.length).toBeGreaterThan(0);
    expect(service('retrieval_v1').features).toEqual(service('ranking_v1').features.slice(0, 50));
  });

  test('say what they are and whose, and which are personal', () => {
    for (const defined of [...plan.entities, ...plan.streams, ...plan.groups, ...plan.services]) {
      expect(defined.description, defined.name).toBeTruthy();
      expect(defined.owner, defined.name).toBeTruthy();
    }
    for (const group of plan.groups) {
      const isPersonal = group.keys.includes('user');
      expect(group.tags?.includes('personal') ?? false, group.name).toBe(isPersonal);
    }
  });

  test('look back 90 days at most, so that rows expire', () => {
    const windows = plan.groups.flatMap(g => g.features.map(f => f.window));
    expect(windows.filter(w => w === 'lifetime')).toEqual([]);
    expect(Math.max(...windows.map(Number))).toBe(90 * 86_400_000);
  });
});
