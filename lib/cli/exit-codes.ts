/** What the exit code of `millrace` tells a script. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** Definitions changed the meaning of stored features without a new version. */
  needsVersion: 2,
  /** Ctrl-C; what was done is kept. */
  stopped: 130,
} as const;
