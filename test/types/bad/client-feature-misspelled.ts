// TS2551: Did you mean 'clicks_7d'?
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
const { values } = await client.readGroup('user_engagement', { user_id: 'u' });
// error
console.log(values.click_7d);
