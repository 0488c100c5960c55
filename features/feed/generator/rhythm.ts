/** How busy each hour of the day is (UTC), against an average of 1. */
const hours = [
  0.95, 0.65, 0.45, 0.33, 0.27, 0.28, 0.38, 0.58, 0.78, 0.86, 0.9, 0.98, 1.16, 1.14, 1.0, 0.98, 1.04, 1.16,
  1.36, 1.58, 1.8, 1.92, 1.83, 1.62,
] as const;

const hour = 3_600_000;

/** How busy the feed is at this time, against its average over the day: least at 4, most at 21 o'clock. */
export function rhythm(time: number): number {
  const at = time / hour;
  const before = Math.floor(at);
  const least = hours[((before % 24) + 24) % 24] as number;
  const next = hours[(((before + 1) % 24) + 24) % 24] as number;
  return least + (next - least) * (at - before);
}
