// TS2345: Argument of type 'NumberExpression<"decimal">' is not assignable to parameter of type 'ExpressionOf<"bool" | "int" | "int64" | "string"
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    odd: count().by(e.price),
  }),
});
