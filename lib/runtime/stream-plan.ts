import type { Plan, StreamPlan } from '../kernel/plan.ts';
import { MillraceError } from './errors.ts';

/** A stream of the Plan. Throws MillraceError where there is none of that name. */
export function streamPlan({ streams }: Plan, name: string): StreamPlan {
  const stream = streams.find(s => s.name === name);
  if (stream === undefined) throw new MillraceError(`the Plan has no stream ${name}`);
  return stream;
}
