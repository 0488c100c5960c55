// TS2551: Did you mean 'price'?
import { featureService, float } from '../../../lib/define/index.ts';
import { itemPopularity } from '../../define/example.ts';

featureService('bad', [itemPopularity], {
  context: { price: float() },
  onDemand: (f, context) => ({
    // error
    ratio: context.prize.div(f.clicks_1h),
  }),
});
