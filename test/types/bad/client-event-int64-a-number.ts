// TS2322: Type 'number' is not assignable to type 'string | bigint'
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
const rest = { action: 'click', price: 1, score: 1, labels: [], device: { os: 'x', memory: 1 } } as const;
client.send('interactions', {
  ...rest,
  user_id: 'u',
  item_id: 'i',
  // error
  session: 5,
  ts: new Date(),
});
