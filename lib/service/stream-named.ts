import { HttpError } from './errors.ts';

/** The stream that a request names, or the only one there is. Throws HttpError. */
export function streamNamed<T>(streams: ReadonlyMap<string, T>, name: string | undefined): T {
  const [only] = streams.values();
  const found = name === undefined && streams.size === 1 ? only : streams.get(name ?? '');
  if (found !== undefined) return found;
  const names = [...streams.keys()].join(', ');
  if (name === undefined) throw new HttpError('bad-request', `say which stream with ?stream=: ${names}`);
  throw new HttpError('not-found', `there is no stream of that name; there is ${names}`);
}
