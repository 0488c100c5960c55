import { count, decayedCount, distinct, featureGroup, featureService, sum } from '../../lib/define/index.ts';
import { plays, song, songHistory, userPlays } from './plays.ts';

/** Features that decay, by themselves, by key and in others that are derived from them, between features that do not. */
const songHeat = featureGroup('song_heat', {
  entity: song,
  from: plays,
  features: e => ({
    plays: count().over('1h', '7d'),
    heat: decayedCount({ halfLife: '6h' }).over('24h', '7d'),
    users: distinct(e.user, { limit: 3 }).over('7d'),
    heat_by_user: decayedCount({ halfLife: '6h' }).by(e.user, { limit: 3 }).over('7d'),
    ms: sum(e.ms).over('24h'),
  }),
  derived: f => ({ heat_per_play: f.heat_7d.div(f.plays_7d), ms_per_play: f.ms_24h.div(f.plays_7d) }),
});

/** Rows of two groups under one key, those that decay in the middle; and one without flags and lists. */
const services = [
  featureService('song_card', [
    songHistory.pick('plays_7d', 'heat_7d', 'who_24h', 'recent').prefix('history_'),
    songHeat,
  ]),
  featureService('song_numbers', [
    songHeat.pick('heat_24h', 'ms_24h'),
    songHistory.pick('plays_1h', 'ms_30d'),
  ]),
];

/** What is read of songs in all ways that reads differ by, once rows are kept. */
export const cards = { groups: [userPlays, songHistory, songHeat], services };
