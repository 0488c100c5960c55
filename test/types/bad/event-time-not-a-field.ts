// TS2322: Type '"time"' is not assignable to type '"ts"'
import { stream, string, timestamp } from '../../../lib/define/index.ts';

stream('bad', {
  schema: { id: string(), ts: timestamp() },
  // error
  eventTime: 'time',
  key: 'id',
});
