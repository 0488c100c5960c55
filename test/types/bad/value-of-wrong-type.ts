// TS2322: Type 'number | null' is not assignable to type 'number'
import type { FeatureValues } from '../../../lib/define/index.ts';
import type { userEngagement } from '../../define/example.ts';

export function spread(values: FeatureValues<typeof userEngagement>): number {
  // error
  const watched: number = values.watch_ms_24h;
  return watched;
}
