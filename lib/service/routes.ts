import { createEventsRoute } from './events-route.ts';
import { createFeaturesRoute } from './features-route.ts';
import { createRedriveRoute, createRedriveUnappliedRoute } from './redrive-routes.ts';
import { isReady, type Service, statusOf } from './service.ts';

/** One path and method, free of the server's library. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The parameters it takes. */
  readonly query: readonly string[];
  /** Content types of the body; undefined where it takes none. */
  readonly types?: readonly string[];
  answer(request: RouteRequest): Answer | Promise<Answer>;
}

export interface RouteRequest {
  readonly query: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body's content type. */
  readonly type: string;
}

export interface Answer {
  /** 200 where it is not given. */
  readonly status?: number;
  /** application/json where it is not given. */
  readonly type?: string;
  readonly body: string | Buffer;
}

/** All that the service answers. Errors are thrown as HttpError. */
export function createRoutes(service: Service, openApi: string): readonly Route[] {
  return [
    createEventsRoute(service),
    createFeaturesRoute(service),
    createRedriveRoute(service),
    createRedriveUnappliedRoute(service),
    get('/v1/status', async () => ({ body: JSON.stringify(await statusOf(service)) })),
    get('/health', () => ({ body: '{"status":"ok"}' })),
    get('/ready', () => {
      const ready = isReady(service);
      return { status: ready ? 200 : 503, body: JSON.stringify({ ready }) };
    }),
    get('/metrics', async () => {
      const { registry, behind } = service.metrics;
      for (const [stream, { processor }] of service.streams) behind.set({ stream }, processor.behind());
      return { type: registry.contentType, body: await registry.metrics() };
    }),
    get('/openapi.json', () => ({ body: openApi })),
  ];
}

const get = (path: string, answer: Route['answer']): Route => ({ method: 'GET', path, query: [], answer });
