import { setTimeout as sleep } from 'node:timers/promises';

/** What CloudFormation hands to the function behind a custom resource, as far as it is used here. */
export interface CustomResourceRequest<P> {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  /** Where the answer goes. */
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  /** Numbers and booleans come as texts. */
  readonly ResourceProperties: P;
}

export const isRequest = <P>(event: object): event is CustomResourceRequest<P> => 'RequestType' in event;

/**
 * Does the work of a request and tells CloudFormation how it went: with what `work` gives, as attributes of the resource,
 * or with why it failed. Rejects where that cannot be told.
 */
export async function respond<P>(
  request: CustomResourceRequest<P>,
  work: () => Promise<Readonly<Record<string, string>>>,
): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = request;
  const answer = await work().then(
    Data => ({ Status: 'SUCCESS', Data }),
    (error: Error) => ({
      Status: 'FAILED',
      Reason: `${error.name}: ${error.message}`.slice(0, longestReason),
    }),
  );
  // One resource for all Plans: another id would make CloudFormation delete the old one after an update.
  const PhysicalResourceId = 'active-plan';
  const body = JSON.stringify({ ...answer, PhysicalResourceId, StackId, RequestId, LogicalResourceId });
  await put(request.ResponseURL, Buffer.from(body));
}

/** The whole answer may have 4 KB. */
const longestReason = 2_000;

/** CloudFormation waits for the answer up to an hour: one lost request must not decide it. */
async function put(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      // As bytes: the address is signed for a request without a content type.
      const { ok, status } = await fetch(url, { method: 'PUT', body, signal: AbortSignal.timeout(5_000) });
      if (ok) return;
      throw new Error(`CloudFormation's answer could not be put: HTTP ${status}`);
    } catch (error) {
      if (tries === mostTries) throw error;
      await sleep(200 * 2 ** tries);
    }
  }
}

const mostTries = 4;
