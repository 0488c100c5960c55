import { styleText } from 'node:util';
import Table from 'cli-table3';

/** `541,909` */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

export const formatSeconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** Bold on a terminal; plain elsewhere, and under NO_COLOR. */
export const bold = (text: string): string => styleText('bold', text, { stream: process.stdout });
export const dim = (text: string): string => styleText('dim', text, { stream: process.stdout });

/** A table without colours or vertical lines: it can be read, and cut by column. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
  });
  table.push(...rows.map(row => [...row]));
  return table
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n');
}

/** JSON for machines: int64 values as text, as JSON numbers would round them. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? String(member) : member), 2);

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** For people, beside the result. */
export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
