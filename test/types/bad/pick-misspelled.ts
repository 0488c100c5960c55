// TS2345: Argument of type '"clicks_2h"' is not assignable to parameter of type '"clicks_1h" | "clicks_24h"'
import { featureService } from '../../../lib/define/index.ts';
import { itemPopularity } from '../../define/example.ts';

// error
featureService('bad', [itemPopularity.pick('clicks_2h')]);
