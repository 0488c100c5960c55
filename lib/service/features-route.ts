import type { Found } from '../runtime/read.ts';
import { createAnswerWriter } from './feature-answer.ts';
import { createFeatureRequestReader } from './feature-request.ts';
import { createKeptAnswers } from './kept-answers.ts';
import type { Metrics } from './metrics.ts';
import type { Answer, Route } from './routes.ts';
import type { Service } from './service.ts';

interface FeaturesService extends Pick<Service, 'plan' | 'reader' | 'limits'> {
  readonly metrics: Pick<Metrics, 'observeRead'>;
}

/** `POST /v1/features`. `keptBytes` are for answers that stay as they are. */
export function createFeaturesRoute(
  { plan, reader, limits, metrics }: FeaturesService,
  keptBytes = 64 << 20,
): Route {
  const readRequest = createFeatureRequestReader({
    plan,
    maxEntities: limits.entitiesPerRequest,
    readMs: limits.readMs,
  });
  const writer = createAnswerWriter();
  const kept = createKeptAnswers({ writer, clock: reader.clock, mostBytes: keptBytes });
  return {
    method: 'POST',
    path: '/v1/features',
    query: [],
    types: ['application/json'],
    answer({ body }) {
      const started = performance.now();
      const known = kept.get(body);
      if (known !== undefined) {
        metrics.observeRead(known.name, known.entities, (performance.now() - started) / 1000);
        return known;
      }
      const request = readRequest(body);
      const { kind, name, entities, shared } = request;
      const answer = (found: Found): Answer => {
        const written = writer.write(found, shared);
        if (found.lasting !== undefined && kept.takes(body)) {
          const lasting = found.lasting();
          const template = writer.template(found, lasting.decaying, shared);
          if (template === null) lasting.watch.end();
          else kept.keep(body, { name, entities: alone[found.entities[0]!.status] }, template, lasting);
        }
        metrics.observeRead(name, found.entities, (performance.now() - started) / 1000);
        return { body: written };
      };
      const found = reader.find(kind, name, entities, request);
      return found instanceof Promise ? found.then(answer) : answer(found);
    },
  };
}

/** An entity's status without its rows: the same few lists for all answers that are kept. */
const alone = {
  known: [{ status: 'known' }],
  unknown: [{ status: 'unknown' }],
  failed: [{ status: 'failed' }],
} as const;
