// TS2322: "The schema has no timestamp() field that is neither optional nor nullable"
import { stream, string, timestamp } from '../../../lib/define/index.ts';

stream('bad', {
  schema: { id: string(), ts: timestamp().optional() },
  // error
  eventTime: 'ts',
  key: 'id',
});
