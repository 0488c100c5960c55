// TS2322: "The schema has no string, int or int64 field that is neither optional nor nullable"
import { stream, string, timestamp } from '../../../lib/define/index.ts';

stream('bad', {
  schema: { id: string().nullable(), ts: timestamp() },
  eventTime: 'ts',
  key: 'id',
  // error
  dedupe: { by: 'id', within: '1h' },
});
