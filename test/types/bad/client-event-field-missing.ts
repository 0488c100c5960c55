// TS2345: Property 'user_id' is missing in type
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
const action = 'click';
const event = {
  action,
  item_id: 'i',
  price: 1,
  score: 1,
  session: 5n,
  labels: [],
  device: { os: 'x', memory: 1 },
  ts: 1,
} as const;
// error
client.send('interactions', event);
