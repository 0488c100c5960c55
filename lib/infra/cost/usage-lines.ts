import { type CostLine, costLine, figure } from './cost-line.ts';
import { prices } from './prices.ts';

/** A function's requests, and its time multiplied by its memory. */
export function functionLines(use: {
  readonly part: CostLine['part'];
  readonly name: string;
  /** In a month, and how they come about. */
  readonly calls: number;
  readonly formula: string;
  readonly seconds: number;
  readonly memoryMb: number;
}): CostLine[] {
  const { part, name, calls, formula, seconds, memoryMb } = use;
  return [
    costLine({
      part,
      item: `Lambda ${name}, requests`,
      formula,
      quantity: calls,
      unit: 'requests',
      price: prices.lambdaRequest,
    }),
    costLine({
      part,
      item: `Lambda ${name}, time`,
      formula: `${figure(calls)} × ${figure(seconds * 1000)} ms × ${figure(memoryMb)} MB ÷ 1,024`,
      quantity: (calls * seconds * memoryMb) / 1024,
      unit: 'GB-s',
      price: prices.lambdaGbSecond,
    }),
  ];
}

/** Requests to the HTTP API: the first 300 million of a month have a price, and those after another. */
export function httpLines(
  part: CostLine['part'],
  path: string,
  requests: number,
  formula: string,
): CostLine[] {
  const item = `HTTP API, ${path}`;
  const unit = 'requests';
  const first = Math.min(requests, 300e6);
  return [
    costLine({ part, item, formula, quantity: first, unit, price: prices.httpRequest }),
    ...(requests > first
      ? [
          costLine({
            part,
            item: `${item}, after the first 300 M`,
            formula: `${figure(requests)} − 300,000,000`,
            quantity: requests - first,
            unit,
            price: prices.httpRequestAbove300M,
          }),
        ]
      : []),
  ];
}
