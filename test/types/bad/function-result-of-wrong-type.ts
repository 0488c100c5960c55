// TS2322: Type 'number' is not assignable to type 'string'
import { defineFunction, string } from '../../../lib/define/index.ts';

const options = { version: 1, parameters: [string()], returns: string() } as const;
// error
export const bad = defineFunction('bad', options, text => text.length);
