import { type BadReason, badReasons } from './event.ts';

/** Shares of the events sent, copies not counted, that arrive in some other way than fresh. */
export interface FaultRates {
  readonly reordered: number;
  readonly late: number;
  readonly ahead: number;
  readonly copy: number;
  readonly staleCopy: number;
  readonly bad: Readonly<Record<BadReason, number>>;
}

export const usualRates: FaultRates = {
  reordered: 0.02,
  late: 0.01,
  ahead: 0.005,
  copy: 0.01,
  staleCopy: 0.002,
  bad: {
    'not-json': 0.0003,
    'bad-encoding': 0.0001,
    // A quarter of a megabyte each.
    'too-large': 0.000_005,
    schema: 0.0005,
    'no-key': 0.0003,
    'too-old': 0.0001,
    late: 0.0002,
    future: 0.0003,
  },
};

/** Rates changed in part. Throws RangeError unless each is a share and what excludes one another leaves room. */
export function faultRates(changed: PartialRates = {}): FaultRates {
  const rates = { ...usualRates, ...changed, bad: { ...usualRates.bad, ...changed.bad } };
  const { bad, ...others } = rates;
  for (const [name, rate] of [...Object.entries(others), ...Object.entries(bad)])
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`rate ${name} is ${rate}; give a share from 0 to 1`);
  const apart = rates.reordered + rates.late + rates.ahead + badReasons.reduce((a, r) => a + bad[r], 0);
  if (apart > 1)
    throw new RangeError(
      `reordered, late, ahead and bad events come to ${apart} of all; they exclude one another`,
    );
  return rates;
}

export type PartialRates = Partial<Omit<FaultRates, 'bad'>> & {
  readonly bad?: Partial<Record<BadReason, number>>;
};

export const noFaults: PartialRates = {
  reordered: 0,
  late: 0,
  ahead: 0,
  copy: 0,
  staleCopy: 0,
  bad: Object.fromEntries(badReasons.map(reason => [reason, 0])),
};
