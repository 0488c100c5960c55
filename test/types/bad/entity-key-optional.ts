// TS2322: Type 'Field<StringExpression<string>, false, string | undefined>' is not assignable to type 'KeyField'
import { entity, string } from '../../../lib/define/index.ts';

// error
entity('bad', { keys: { id: string().optional() } });
