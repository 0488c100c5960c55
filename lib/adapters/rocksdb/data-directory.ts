import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../runtime/errors.ts';
import { type Database, openDatabase } from './database.ts';

/** A folder that one process at a time keeps its streams, rows and quarantined events in. */
export interface DataDirectory {
  readonly path: string;
  readonly database: Database;
  /** The JSON value kept under this name; null when there is none. */
  readMeta(name: string): Promise<unknown>;
  /** Keeps a JSON value under this name; durable when it resolves. */
  writeMeta(name: string, value: unknown): Promise<void>;
  /** Gives the folder free. May be called again. Adapters that use it must not be used afterwards. */
  close(): Promise<void>;
}

/** A folder cannot be used as a data directory: it is missing, another kind of folder, too new, or in use. */
export class DataDirectoryError extends MillraceError {
  override readonly name = 'DataDirectoryError';
  readonly reason: 'missing' | 'foreign' | 'newer' | 'in-use' | 'unreadable';
  readonly path: string;
  constructor(reason: DataDirectoryError['reason'], path: string, problem: string, options?: ErrorOptions) {
    super(`data directory ${path} ${problem}`, options);
    this.reason = reason;
    this.path = path;
  }
}

/** Raised when what is written can no longer be read by the code before. */
const format = 1;
/** Says that a folder is a data directory, and of which format, before anything in it is touched. */
const markerFile = 'millrace.json';
const pidFile = 'pid';

/**
 * Opens the data directory at `path` for this process alone. With `create`, a missing or empty folder becomes one.
 * A directory whose process was killed opens as it was after that process's last write.
 *
 * @throws DataDirectoryError when it is missing, not a data directory, written by a newer Millrace, in use, or broken.
 */
export async function openDataDirectory(
  path: string,
  { create = false }: { readonly create?: boolean } = {},
): Promise<DataDirectory> {
  await checkOrCreate(path, create);
  const database = await openLocked(path);
  // Only for the message to whoever comes second: the lock is RocksDB's.
  await writeFile(join(path, pidFile), `${process.pid}\n`).catch(() => {});

  let closing: Promise<void> | null = null;
  return {
    path,
    database,
    async readMeta(name) {
      const bytes = database.get('meta', Buffer.from(name));
      return bytes === null ? null : JSON.parse(bytes.toString());
    },
    async writeMeta(name, value) {
      database.write(batch => batch.put('meta', Buffer.from(name), Buffer.from(JSON.stringify(value))), {
        sync: true,
      });
    },
    close() {
      // The pid goes first: once the lock is free, the file may be another process's.
      closing ??= rm(join(path, pidFile), { force: true }).then(() => database.close());
      return closing;
    },
  };
}

async function checkOrCreate(path: string, create: boolean): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    if (!create) throw new DataDirectoryError('missing', path, 'does not exist: check --data');
    await mkdir(path, { recursive: true }).catch(cause => {
      throw new DataDirectoryError('unreadable', path, `cannot be made: ${cause.message}`, { cause });
    });
  } else if (!found.isDirectory()) {
    throw new DataDirectoryError('foreign', path, 'is a file, not a folder: choose another with --data');
  }

  const marker = await readFile(join(path, markerFile), 'utf8').catch(() => null);
  if (marker !== null) return checkMarker(path, marker);

  const entries = (await readdir(path)).filter(entry => entry !== `${markerFile}.new`);
  if (entries.length > 0) {
    throw new DataDirectoryError(
      'foreign',
      path,
      `holds other files (${entries.slice(0, 3).join(', ')}) and no ${markerFile}: choose another or an empty one with --data`,
    );
  }
  if (!create) throw new DataDirectoryError('missing', path, 'is empty: check --data');
  await writeMarker(path);
}

function checkMarker(path: string, text: string): void {
  let written: unknown;
  try {
    written = JSON.parse(text).format;
  } catch (cause) {
    throw new DataDirectoryError('unreadable', path, `has a broken ${markerFile}: restore it from a copy`, {
      cause,
    });
  }
  if (typeof written !== 'number') {
    throw new DataDirectoryError(
      'unreadable',
      path,
      `has a ${markerFile} without a format: restore it from a copy`,
    );
  }
  if (written > format) {
    throw new DataDirectoryError(
      'newer',
      path,
      `was written by a newer Millrace (format ${written}; this one reads up to ${format}): update Millrace, or choose another with --data`,
    );
  }
}

/** Whole or not at all, whenever the machine stops. */
async function writeMarker(path: string): Promise<void> {
  const draft = join(path, `${markerFile}.new`);
  await writeFile(draft, `${JSON.stringify({ is: 'a Millrace data directory', format })}\n`, { flush: true });
  await rename(draft, join(path, markerFile));
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
}

async function openLocked(path: string): Promise<Database> {
  try {
    return await openDatabase(join(path, 'db'));
  } catch (error) {
    // The native error comes as the cause of "Database is not open".
    const cause = ((error as Error).cause ?? error) as Error & { readonly code?: string };
    if (cause.code === 'LEVEL_LOCKED') {
      const pid = (await readFile(join(path, pidFile), 'utf8').catch(() => '')).trim();
      if (pid === String(process.pid)) {
        throw new DataDirectoryError('in-use', path, 'is open in this process already: share it', { cause });
      }
      const who = pid === '' ? 'another process' : `another process (pid ${pid})`;
      throw new DataDirectoryError(
        'in-use',
        path,
        `is in use by ${who}: stop it or choose another with --data`,
        {
          cause,
        },
      );
    }
    throw new DataDirectoryError('unreadable', path, `cannot be opened: ${cause.message}`, { cause });
  }
}
