// TS2345: is not assignable to parameter of type
import { defineFunction, featureGroup, last, string } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

const trim = defineFunction('trim', { version: 1, parameters: [string()], returns: string() }, s => s.trim());

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    title: last(trim(e.watch_ms)),
  }),
});
