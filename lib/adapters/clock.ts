import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../runtime/ports.ts';

/** The machine's clock. It may be set back: whoever needs time that never does keeps the greatest seen. */
export const systemClock: Clock = { now: () => Date.now(), wait: ms => setTimeout(ms) };
