import { int, oneOf, stream, string, timestamp } from '../../lib/define/index.ts';

/**
 * What people do in a feed of short videos. A video that is shown is an impression; what comes of it are further
 * events. `watch` is sent when the video is left and is the only one that says for how long it ran; `finish` says
 * that it ran to its end. Apps send again what they are not sure has arrived, hence the ids.
 */
export const interactions = stream('interactions', {
  schema: {
    event_id: string(),
    user: string().tag('personal'),
    item: string(),
    author: string(),
    category: string(),
    action: oneOf('impression', 'click', 'watch', 'finish', 'like', 'share', 'follow'),
    watch_ms: int().optional().describe('How long the video ran, of events of action watch.'),
    duration_ms: int().describe('How long the video is.'),
    position: int().describe('The place at which the session showed it, from 1.'),
    os: oneOf('android', 'ios', 'web').unlisted({ as: 'other' }),
    country: string().tag('personal').describe('ISO 3166 code of where the user is.'),
    ts: timestamp(),
  },
  eventTime: 'ts',
  key: 'user',
  dedupe: { by: 'event_id', within: '1h' },
  description: 'Interactions with a feed of short videos.',
  owner: 'feed',
});
