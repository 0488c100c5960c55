/**
 * Gives a buffer of a length, for bytes that are copied before the next one is asked for: all are views of one memory.
 * To make a view costs more than to fill it with a small row, so each length's is made once.
 */
export function createScratch(): (length: number) => Buffer {
  let memory = Buffer.allocUnsafeSlow(4096);
  let views: (Buffer | undefined)[] = [];
  return length => {
    if (length > memory.length) {
      memory = Buffer.allocUnsafeSlow(length * 2);
      views = [];
    }
    if (length > longestKept) return memory.subarray(0, length);
    const view = views[length] ?? memory.subarray(0, length);
    views[length] = view;
    return view;
  };
}

const longestKept = 2048;
