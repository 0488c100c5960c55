import { SingleBar } from 'cli-progress';
import type { IngestProgress } from '../runtime/ingest.ts';
import { formatCount } from './format.ts';

export interface ProgressDisplay {
  update(progress: IngestProgress): void;
  stop(): void;
}

/** A bar where stderr is a terminal; else a line every few seconds, so that logs show life and stay short. */
export function createProgress(label: string): ProgressDisplay {
  return process.stderr.isTTY === true ? createBar(label) : createLines(label);
}

function createBar(label: string): ProgressDisplay {
  const bar = new SingleBar({
    format: `${label}  {bar} {percentage}%  {rows} rows  {rate}/s  {quarantined}{left}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    fps: 10,
  });
  const started = performance.now();
  bar.start(1, 0, { rows: '0', rate: '–', quarantined: '', left: '' });
  return {
    update(progress) {
      const { fraction, rate, secondsLeft } = measure(progress, started);
      bar.update(fraction, {
        rows: formatCount(progress.rows),
        rate: formatCount(rate),
        quarantined: quarantinedNote(progress),
        left: secondsLeft === null ? '' : `${secondsLeft} s left`,
      });
    },
    stop: () => bar.stop(),
  };
}

const secondsBetweenLines = 5;

function createLines(label: string): ProgressDisplay {
  const started = performance.now();
  let last = started;
  return {
    update(progress) {
      const now = performance.now();
      if (now - last < secondsBetweenLines * 1000) return;
      last = now;
      const { fraction, rate, secondsLeft } = measure(progress, started);
      const left = secondsLeft === null ? '' : `, ${secondsLeft} s left`;
      process.stderr.write(
        `${label}: ${Math.floor(fraction * 100)} %, ${formatCount(progress.rows)} rows, ${formatCount(rate)}/s${left}\n`,
      );
    },
    stop() {},
  };
}

function measure(progress: IngestProgress, started: number) {
  const seconds = Math.max((performance.now() - started) / 1000, 0.001);
  const fraction = progress.total === 0 ? 0 : Math.min(progress.done / progress.total, 1);
  return {
    fraction,
    rate: Math.round(progress.rows / seconds),
    secondsLeft: fraction < 0.02 ? null : Math.ceil((seconds / fraction) * (1 - fraction)),
  };
}

function quarantinedNote({ counts }: IngestProgress): string {
  const quarantined = counts.bad + counts.late;
  return quarantined === 0 ? '' : `${formatCount(quarantined)} quarantined  `;
}
