// TS2322: "Feature 'clicks_1h' is in an earlier part of the service too: give one of them a prefix('…')"
import { featureService } from '../../../lib/define/index.ts';
import { itemPopularity, userEngagement } from '../../define/example.ts';

// error
featureService('bad', [userEngagement, itemPopularity.pick('clicks_1h')]);
