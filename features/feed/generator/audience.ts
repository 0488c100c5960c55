import type { Random } from './random.ts';
import { createZipf } from './zipf.ts';

/** Those who watch. User 0 comes most often. */
export interface Audience {
  /** The number of someone who opens the app now. */
  someone(random: Random): number;
  nameOf(user: number): string;
  countryOf(user: number): string;
  osOf(user: number): string;
  /** Whether a category is among the user's interests. */
  likes(user: number, category: number): boolean;
}

/** How much oftener some come than others. */
export const visitExponent = 0.5;

const interests = 3;

const countries = ['US', 'IN', 'BR', 'ID', 'MX', 'JP', 'DE', 'GB', 'FR', 'NG', 'VN', 'PL'] as const;
/** What the apps say they run on; the schema does not list the last. */
const systems = [
  ['android', 0.55],
  ['ios', 0.9],
  ['web', 0.97],
  ['kaios', 1],
] as const;

export function createAudience(users: number, categories: number, random: Random): Audience {
  const visits = createZipf(users, visitExponent);
  const countryRanks = createZipf(countries.length, 0.9);
  const country = new Uint8Array(users);
  const system = new Uint8Array(users);
  const liked = new Uint8Array(users * interests);
  for (let user = 0; user < users; user++) {
    country[user] = countryRanks(random);
    const share = random.next();
    system[user] = systems.findIndex(([, upTo]) => share < upTo);
    for (let i = 0; i < interests; i++) liked[user * interests + i] = random.below(categories);
  }
  return {
    someone: visits,
    nameOf: user => `u${user}`,
    countryOf: user => countries[country[user] as number] as string,
    osOf: user => (systems[system[user] as number] as (typeof systems)[number])[0],
    likes(user, category) {
      const at = user * interests;
      return liked[at] === category || liked[at + 1] === category || liked[at + 2] === category;
    },
  };
}
