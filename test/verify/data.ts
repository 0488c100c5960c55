import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * A file of the reference data, which is too large for the repository: under MILLRACE_DATA, or beside the repository
 * in ../shared/data.
 *
 * @throws Error that says where it was looked for and how to name the place.
 */
export function dataFile(name: string): string {
  const base = process.env.MILLRACE_DATA ?? join(root, '..', 'shared', 'data');
  const path = join(base, name);
  if (!existsSync(path)) {
    throw new Error(
      `no file ${name} in ${base}; set MILLRACE_DATA to the folder that holds the reference data`,
    );
  }
  return path;
}

/** The lines of a text file, unpacked if it is gzip, without empty ones. */
export async function* readLines(path: string): AsyncGenerator<string> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
  await file.close();
  const gzip = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  const raw = createReadStream(path);
  const input = gzip ? raw.pipe(createGunzip()) : raw;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield line;
  }
}
