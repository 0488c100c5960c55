// TS2353: 'user' does not exist in type
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
// error
client.read('ranking_v1', { user: 'u', item: 'i' }, { context: { price: 1 } });
