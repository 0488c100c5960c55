import {
  type AsideFolderOptions,
  createAsideFolder,
  type GroupsAside,
} from '../../lib/runtime/fold-aside.ts';

/** Folds groups beside a transform as a second thread does, in this one. */
export function foldAside(options: AsideFolderOptions): GroupsAside {
  const fold = createAsideFolder(options);
  return {
    begin(batch) {
      const counts = Promise.withResolvers<Uint8Array>();
      const folded = fold(batch, counts.promise);
      folded.catch(() => {});
      return {
        groups: options.groups,
        settle(flags) {
          counts.resolve(flags);
          return folded;
        },
        abandon: () => counts.reject(new Error('the batch was given up')),
      };
    },
  };
}
