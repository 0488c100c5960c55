// TS2345: Argument of type 'StringExpression<string>' is not assignable to parameter of type 'NumberOperand<"int">'
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: count().where(e.watch_ms.eq(e.item_id)),
  }),
});
