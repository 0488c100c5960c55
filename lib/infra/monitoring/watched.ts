import type { StoredData } from '../data/data-stack.ts';
import type { Processing } from '../processing/processing-stack.ts';
import type { Serving } from '../serving/serving-stack.ts';

/** What is watched. */
export interface Watched {
  readonly stored: StoredData;
  readonly processing: Processing;
  readonly serving: Serving;
}
