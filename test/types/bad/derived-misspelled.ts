// TS2551: Did you mean 'clicks_1h'?
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: () => ({ clicks: count().over('1h') }),
  derived: f => ({
    // error
    rate: f.clicks_2h.div(2),
  }),
});
