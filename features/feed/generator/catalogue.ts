import type { Random } from './random.ts';
import { createZipf } from './zipf.ts';

/**
 * The videos. There are always `items` of them; each has a place in the order of popularity, and when its time is over
 * a new one takes that place.
 */
export interface Catalogue {
  /** The place of a video that is shown at this time: popular ones more often, and young ones. */
  shown(time: number, random: Random): number;
  /** The name of the video that has the place at this time. */
  nameOf(place: number, time: number): string;
  authorOf(place: number): string;
  categoryOf(place: number): number;
  categoryName(category: number): string;
  durationOf(place: number): number;
}

export const categoryNames = [
  'animals',
  'art',
  'beauty',
  'cars',
  'comedy',
  'cooking',
  'dance',
  'education',
  'fashion',
  'football',
  'games',
  'music',
  'news',
  'science',
  'sport',
  'travel',
] as const;

/** Popularity by place: place p is shown in proportion to 1 / (p + 1)^1.1, life cycles apart. */
export const popularityExponent = 1.1;

const day = 86_400_000;
const shortestLife = 3 * day;
const longestLife = 21 * day;

/** Equal numbers give the same videos with the same lives at all times, whenever the feed begins. */
export function createCatalogue(items: number, authors: number, random: Random): Catalogue {
  const place = createZipf(items, popularityExponent);
  const authorRank = createZipf(authors, 0.7);
  const author = new Uint32Array(items);
  const category = new Uint8Array(items);
  const duration = new Uint32Array(items);
  const life = new Float64Array(items);
  const phase = new Float64Array(items);
  const categoryOfAuthor = Uint8Array.from({ length: authors }, () => random.below(categoryNames.length));
  for (let i = 0; i < items; i++) {
    author[i] = authorRank(random);
    category[i] = categoryOfAuthor[author[i] as number] as number;
    duration[i] = Math.round(5_000 + Math.min(random.exponential(13_000), 115_000));
    life[i] = random.between(shortestLife, longestLife);
    phase[i] = random.next() * (life[i] as number);
  }

  /** Whole lives that the place has seen, and the present one's share that is over. */
  const lived = (i: number, time: number): number => (time + (phase[i] as number)) / (life[i] as number);

  return {
    shown(time, random) {
      let i = place(random);
      // The chance of a place does not hang on its rank, so that places keep to their exponent.
      for (let tries = 0; tries < 30 && random.next() >= attention(lived(i, time) % 1); tries++)
        i = place(random);
      return i;
    },
    nameOf: (i, time) => `v${i}_${Math.floor(lived(i, time))}`,
    authorOf: i => `a${author[i]}`,
    categoryOf: i => category[i] as number,
    categoryName: i => categoryNames[i] as string,
    durationOf: i => duration[i] as number,
  };
}

const rise = 0.04;

/** How much of its greatest attention a video gets when it has lived this share of its life: a steep rise, a long fall. */
export const attention = (lived: number): number =>
  lived < rise ? lived / rise : Math.exp(-4 * (lived - rise));
