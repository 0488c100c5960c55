/** A length of time with its unit, so that no two numbers can be swapped. */
export type Duration =
  | { readonly seconds: number }
  | { readonly minutes: number }
  | { readonly hours: number }
  | { readonly days: number };

export const secondsOf = (duration: Duration): number =>
  Object.entries(duration).reduce((sum, [unit, n]) => sum + n * secondsIn[unit as Unit], 0);

type Unit = 'seconds' | 'minutes' | 'hours' | 'days';
const secondsIn: Readonly<Record<Unit, number>> = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 };
