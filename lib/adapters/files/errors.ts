import { MillraceError } from '../../runtime/errors.ts';

/** A file cannot be read as events, or not beyond some row; `rows` were read before that. */
export class SourceError extends MillraceError {
  override readonly name = 'SourceError';
  readonly path: string;
  readonly rows: number;
  constructor(path: string, rows: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
    this.rows = rows;
  }
}

/** What the operating system said, in words a user can act on. */
export function fileError(path: string, error: unknown): SourceError {
  const code = (error as NodeJS.ErrnoException).code;
  const said =
    code === 'ENOENT'
      ? 'does not exist: check the path'
      : code === 'EACCES' || code === 'EPERM'
        ? 'may not be read by this user: check its permissions'
        : code === 'EISDIR'
          ? 'is a directory: name the files in it'
          : `cannot be read: ${(error as Error).message}`;
  return new SourceError(path, 0, `${path} ${said}`, { cause: error });
}
