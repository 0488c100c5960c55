// TS2322: Type 'number' is not assignable to type 'string'
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
// error
client.readGroup('item_popularity', { item: 5 });
