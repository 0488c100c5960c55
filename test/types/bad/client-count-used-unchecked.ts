// TS18047: 'values.clicks_7d' is possibly 'null'
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
const { status, values } = await client.readGroup('user_engagement', { user_id: 'u' });
if (status !== 'failed') console.log(values.clicks_7d + 1);
// error
console.log(values.clicks_7d + 1);
