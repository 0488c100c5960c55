// TS2345: Argument of type '"ranking_v2"' is not assignable to parameter of type '"ranking_v1"'
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
// error
client.read('ranking_v2', { user_id: 'u', item: 'i' }, { context: { price: 1 } });
