export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

/** Short words for requests. */
export function clientOf(url: string) {
  const ask = async (path: string, init: RequestInit = {}): Promise<Reply> => {
    const response = await fetch(url + path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const json = isJson && text !== '' ? JSON.parse(text) : null;
    return { status: response.status, headers: response.headers, text, json };
  };
  const post = (path: string, body: RequestInit['body'], headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', body: body ?? null, headers: { 'content-type': json, ...headers } });
  return {
    ask,
    post,
    sendLines: (lines: readonly string[]) => post('/v1/events', lines.join('\n'), { 'content-type': ndjson }),
    readGroup: (group: string, ...entities: readonly object[]) =>
      post('/v1/features', JSON.stringify({ group, entities })),
    /** Resolves when the service has processed all it accepted. */
    async caughtUp() {
      for (;;) {
        const { streams } = (await ask('/v1/status')).json;
        if (streams.every((s: { behind: number }) => s.behind === 0)) return;
        await new Promise(resolve => setImmediate(resolve));
      }
    },
  };
}

export const json = 'application/json';
export const ndjson = 'application/x-ndjson';

/** A request with a JSON body. */
export function posting(body: string | Buffer, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    body: body as NonNullable<RequestInit['body']>,
    headers: { 'content-type': json, ...headers },
  };
}
