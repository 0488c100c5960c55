// TS2322: Type '"user"' is not assignable to type '"id" | readonly "id"[]'
import { stream, string, timestamp } from '../../../lib/define/index.ts';

stream('bad', {
  schema: { id: string(), ts: timestamp() },
  eventTime: 'ts',
  // error
  key: 'user',
});
