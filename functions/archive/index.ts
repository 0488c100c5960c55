import { type FirehoseEvent, type FirehoseResult, toArchiveRows } from '../../lib/runtime/archive-rows.ts';

/** The function that Firehose asks for the archive's rows. It needs no definitions, no environment and no permissions. */
export const createArchiveFunction =
  () =>
  async (event: FirehoseEvent): Promise<FirehoseResult> =>
    toArchiveRows(event);
