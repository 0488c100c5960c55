import { Logger } from '@aws-lambda-powertools/logger';
import { type FirehoseEvent, type FirehoseResult, toArchiveRows } from '../../lib/runtime/archive-rows.ts';

/**
 * The function that Firehose asks for the archive's rows. It needs no definitions and no permissions. Environment:
 * Powertools' own. Records that fail are an error in its log, with the reasons.
 */
export function createArchiveFunction() {
  const logger = new Logger();
  return async (event: FirehoseEvent): Promise<FirehoseResult> => {
    const { answer, failures } = toArchiveRows(event);
    if (failures.length > 0) {
      logger.error('records cannot be archived; Firehose puts them under the failure prefix', {
        delivery: event.deliveryStreamArn,
        failed: failures.length,
        of: event.records.length,
        first: failures.slice(0, mostNamed),
      });
    }
    return answer;
  };
}

/** A batch may have thousands, and a line of a log ends at 256 KB. */
const mostNamed = 10;
