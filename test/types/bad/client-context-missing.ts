// TS2554: Expected 3 arguments, but got 2
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
// error
client.read('ranking_v1', { user_id: 'u', item: 'i' });
