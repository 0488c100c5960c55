/** What a row cache did, in rows, since the start; for metrics. */
export interface RowCacheCounts {
  hits: number;
  misses: number;
  /** Asked for, and not answered: too late, with an error, or not even tried. */
  unanswered: number;
  published: number;
  /** Not put there, because a version as new or newer stood there, or too much time had passed. */
  passedOver: number;
  /** To be published, and failed. */
  unpublished: number;
}

/** Apart from the cache: a function counts from here before the client of Redis is loaded. */
export const noCounts: Readonly<RowCacheCounts> = {
  hits: 0,
  misses: 0,
  unanswered: 0,
  published: 0,
  passedOver: 0,
  unpublished: 0,
};
