// TS2551: Did you mean 'action'?
import { count, featureGroup } from '../../../lib/define/index.ts';
import { interactions, user } from '../../define/example.ts';

featureGroup('bad', {
  entity: user,
  from: interactions,
  features: e => ({
    // error
    clicks: count().where(e.actoin.eq('click')),
  }),
});
