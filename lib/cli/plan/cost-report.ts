import { type CostLine, figure } from '../../infra/cost/cost-line.ts';
import type { CostEstimate } from '../../infra/cost/estimate.ts';
import { prices } from '../../infra/cost/prices.ts';
import { formatTable } from '../format.ts';

/** A month's bill as text: every line with its formula and price, the sum, what it is compared with, and warnings. */
export function describeCost({ lines, total, naiveTotal, warnings, workload }: CostEstimate): string {
  const rows = lines.map(line => [
    line.part,
    line.item,
    dollars(line.cost),
    line.formula,
    `${quantityOf(line)} × ${priceOf(line)}`,
  ]);
  const share = Math.round((100 * total) / naiveTotal);
  return [
    formatTable(['part', 'item', 'a month', 'how it comes about', 'quantity and price'], rows),
    '',
    `${dollars(total)} a month, before taxes and discounts; prices of ${prices.region}, ${prices.asOf}.`,
    `That is ${share} % of ${dollars(naiveTotal)}, which the same would cost with one update for each event and group.`,
    ...assumptions(workload).map(text => `Assumed: ${text}.`),
    ...warnings.map(({ limit, of, message }) => `Warning, ${limit} (${of}): ${message}.`),
  ].join('\n');
}

/** What was not said, and counts. */
function assumptions({ streams, traffic }: CostEstimate['workload']): string[] {
  const guessed = streams
    .flatMap(({ groups }) => groups)
    .filter(({ isMeasured, group }) => !isMeasured && group.entity !== '');
  const all = guessed.map(({ group }) => group.name).filter(name => traffic.share?.[name] === undefined);
  const even = new Set(
    guessed.map(({ group }) => group.entity).filter(entity => traffic.spread?.[entity] === undefined),
  );
  return [
    ...(all.length > 0
      ? [`every event changes a row of ${all.join(', ')} (--share says how many do, --sample measures it)`]
      : []),
    ...(even.size > 0
      ? [
          `events are spread evenly over ${[...even].join(', ')}: no writes are saved then (--gap, --skew or --sample say more)`,
        ]
      : []),
    ...streams
      .filter(({ settings }) => settings.source.kind === 'existing')
      .map(({ name }) => `the stream ${name} is on the bill of its owner`),
    ...(traffic.readsPerSecond === 0 ? ['nobody reads (--reads says how many requests a second do)'] : []),
  ];
}

const dollars = (amount: number): string =>
  `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

const quantityOf = ({ quantity, unit }: CostLine): string => `${figure(quantity)} ${unit}`;

/** Prices of requests are quoted by the million. */
const priceOf = ({ price }: CostLine): string =>
  price > 0 && price < 0.001 ? `$${Number((price * 1e6).toPrecision(6))} a million` : `$${price}`;
