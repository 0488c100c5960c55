/** Digits that sort as text the way the numbers do; for whole numbers from 0 of up to 99 digits. */
export function sortableDigits(value: number | bigint): string {
  const digits = value.toString();
  return `${digits.length.toString().padStart(2, '0')}${digits}`;
}
