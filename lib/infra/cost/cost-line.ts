import { secondsPerMonth } from './prices.ts';

/** One line of the bill. */
export interface CostLine {
  readonly part:
    | 'ingest'
    | 'stream'
    | 'transform'
    | 'rows'
    | 'archive'
    | 'reads'
    | 'cache'
    | 'network'
    | 'keys'
    | 'watching';
  readonly item: string;
  /** How the quantity comes about, in numbers. */
  readonly formula: string;
  /** In a month of 730 hours. */
  readonly quantity: number;
  readonly unit: string;
  /** US dollars for one unit. */
  readonly price: number;
  /** US dollars a month. */
  readonly cost: number;
}

export const costLine = (line: Omit<CostLine, 'cost'>): CostLine => ({
  ...line,
  cost: line.quantity * line.price,
});

/** Of so many a second. */
export const perMonth = (perSecond: number): number => perSecond * secondsPerMonth;

/** How formulas write the seconds of a month. */
export const month = '2,628,000 s';

export const totalOf = (lines: readonly CostLine[]): number =>
  lines.reduce((sum, line) => sum + line.cost, 0);

/** `1,234`, `0.052`: three digits that count, and no fewer than there are before the point. */
export const figure = (n: number): string =>
  n >= 1000 ? Math.round(n).toLocaleString('en-US') : String(Number(n.toPrecision(3)));
