import { MillraceError } from '../../kernel/errors.ts';

/** Settings that cannot be deployed; the message has a line for each, beginning with the setting's path. */
export class SettingsError extends MillraceError {
  override readonly name = 'SettingsError';
}
