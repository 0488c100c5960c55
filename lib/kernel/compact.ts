import { unitOf } from './codec/tiles-header.ts';
import { Source } from './generate.ts';
import type { StateShape, Track } from './shape.ts';
import type { State } from './state.ts';
import { compactTrack, isDue } from './tiles.ts';
import { minute } from './time.ts';
import { windowStart } from './window.ts';

/** What drops from a state, or joins in it, all that no window can see or tell apart any more. Mostly there is none. */
export function compileCompact({ tracks, recents }: StateShape): (state: State) => void {
  const source = new Source();
  source.line(`const { newest } = state, minutes = Math.floor(newest / ${minute});`);
  source.line('let encoded = null, cells = null;');
  for (const track of tracks) emitTrack(source, track);
  for (const { key, aggregator, longest } of recents) {
    if (longest === 'lifetime') continue;
    const start = `${source.constant(windowStart)}(${longest}, newest + 1)`;
    source.line(
      `if (state.${key} !== null) ${source.constant(aggregator)}.dropBefore(state.${key}, ${start});`,
    );
  }
  return source.compile(['state']) as (state: State) => void;
}

function emitTrack(source: Source, track: Track): void {
  const hop = unitOf(track);
  const layout = source.constant(track);
  // No window is shorter than its hop: within one hop of the newest time nothing is due.
  source.line(`
    encoded = state.${track.encodedKey};
    cells = state.${track.cellsKey};
    if (
      encoded !== null
        ? (encoded.due > 0 && minutes >= encoded.dueFrom + encoded.due - 1) || newest - encoded.start * ${hop} >= ${hop}
        : cells !== null && !(newest - cells[0] < ${hop})
    ) {
      if (${source.constant(isDue)}(${layout}, state)) ${source.constant(compactTrack)}(${layout}, state);
    }`);
}
