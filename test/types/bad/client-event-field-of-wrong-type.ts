// TS2322: Type 'number' is not assignable to type 'string'
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
const rest = {
  action: 'click',
  price: 1,
  score: 1,
  session: 5n,
  labels: [],
  device: { os: 'x', memory: 1 },
} as const;
client.send('interactions', {
  ...rest,
  // error
  user_id: 5,
  item_id: 'i',
  ts: new Date(),
});
