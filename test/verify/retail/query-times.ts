const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * `n` times spread over [from, to): half at odd milliseconds of business hours, the others on what windows turn on:
 * midnights (the hop of long windows) and five-minute edges (that of short ones), to the millisecond and one beside.
 * Events of the log lie on whole minutes, so that many stand exactly on the edges.
 */
export function queryTimesOver(from: number, to: number, n: number): readonly number[] {
  const step = (to - from) / n;
  return Array.from({ length: n }, (_, i) => {
    const t = from + (i + 1) * step - 1;
    const midnight = Math.floor(t / day) * day;
    const edge = midnight + 12 * hour + ((i * 7) % 36) * 5 * minute;
    switch (i % 10) {
      case 1:
        return midnight;
      case 3:
        return edge;
      case 5:
        return edge - 1;
      case 7:
        return edge + 1;
      case 9:
        return midnight + 1;
      default:
        // 9 h to 17 h, by a step that shares no factor with minutes.
        return midnight + 9 * hour + ((i * 7_919_333) % (8 * hour));
    }
  }).sort((a, b) => a - b);
}
