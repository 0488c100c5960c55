// TS2322: Type 'Field<NumberExpression<"float">, true, number>' is not assignable to type 'KeyField'
import { entity, float } from '../../../lib/define/index.ts';

// error
entity('bad', { keys: { id: float() } });
