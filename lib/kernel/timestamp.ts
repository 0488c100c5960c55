import { day, hour, minute } from './time.ts';

/**
 * Epoch ms of an ISO 8601 timestamp, or null when the text is not one. Accepted: a date, alone or with a time of
 * minutes, seconds or up to nine decimals of a second (cut to ms), joined by `T` or a space, with `Z`, an offset
 * (±hh:mm) or nothing, which means UTC. Years 0000 to 9999.
 */
export function parseTimestamp(text: string): number | null {
  const { length } = text;
  if (length > scratch.length) return null;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c > 127) return null;
    scratch[i] = c;
  }
  return parseTimestampBytes(scratch, 0, length);
}

const scratch = new Uint8Array(40);

/** The same of ASCII text that stands at `from` to `to`. */
export function parseTimestampBytes(bytes: Uint8Array, from: number, to: number): number | null {
  const length = to - from;
  if (length < 10 || bytes[from + 4] !== dash || bytes[from + 7] !== dash) return null;
  const year = digits(bytes, from, 4);
  const month = digits(bytes, from + 5, 2);
  const date = digits(bytes, from + 8, 2);
  if (year < 0 || month < 1 || month > 12 || date < 1 || date > daysIn(year, month)) return null;
  const midnight = daysFromCivil(year, month, date) * day;
  if (length === 10) return midnight;

  const joint = bytes[from + 10];
  if ((joint !== letterT && joint !== space) || length < 16 || bytes[from + 13] !== colon) return null;
  const hours = digits(bytes, from + 11, 2);
  const minutes = digits(bytes, from + 14, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return null;
  let time = midnight + hours * hour + minutes * minute;
  let at = 16;
  if (at < length && bytes[from + at] === colon) {
    const seconds = digits(bytes, from + 17, 2);
    if (seconds < 0 || seconds > 59) return null;
    time += seconds * 1000;
    at = 19;
    if (at < length && bytes[from + at] === dot) {
      const fraction = ++at;
      let ms = 0;
      for (; at < length && isDigit(bytes[from + at] as number); at++) {
        if (at - fraction < 3) ms = ms * 10 + (bytes[from + at] as number) - zero;
      }
      const count = at - fraction;
      if (count === 0 || count > 9) return null;
      time += count === 1 ? ms * 100 : count === 2 ? ms * 10 : ms;
    }
  }
  if (at === length) return time;
  const zone = bytes[from + at];
  if (zone === letterZ) return at + 1 === length ? time : null;
  if ((zone !== plus && zone !== dash) || at + 6 !== length || bytes[from + at + 3] !== colon) return null;
  const offsetHours = digits(bytes, from + at + 1, 2);
  const offsetMinutes = digits(bytes, from + at + 4, 2);
  if (offsetHours < 0 || offsetHours > 23 || offsetMinutes < 0 || offsetMinutes > 59) return null;
  const offset = offsetHours * hour + offsetMinutes * minute;
  return zone === plus ? time - offset : time + offset;
}

/** `2011-12-09T12:50:00.000Z` */
export const formatTimestamp = (time: number): string => new Date(time).toISOString();

const dash = 45;
const dot = 46;
const colon = 58;
const plus = 43;
const space = 32;
const zero = 48;
const letterT = 84;
const letterZ = 90;

const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** The number in `count` digits from `at`, or −1. */
function digits(bytes: Uint8Array, at: number, count: number): number {
  let n = 0;
  for (let i = at; i < at + count; i++) {
    const c = bytes[i] as number;
    if (!isDigit(c)) return -1;
    n = n * 10 + c - zero;
  }
  return n;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 to a date (H. Hinnant, "chrono-compatible low-level date algorithms"). */
function daysFromCivil(year: number, month: number, date: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + date - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
