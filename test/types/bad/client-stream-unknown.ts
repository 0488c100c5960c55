// TS2345: Argument of type '"clicks"' is not assignable to parameter of type '"interactions"'
import { createClient } from '../../../lib/client/index.ts';
import { example } from '../../define/example.ts';

const client = createClient(example, { url: 'http://127.0.0.1:4600' });
// error
client.send('clicks', []);
