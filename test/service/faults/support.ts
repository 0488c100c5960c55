import { expect, vi } from 'vitest';
import type { startService } from '../running.ts';

type Service = Awaited<ReturnType<typeof startService>>;

/** How the service's stream stands. */
export const streamOf = async (service: Service) => (await service.status()).streams[0]!;

/** Resolves with the reason once the service says that a batch could not be processed. */
export const stuck = (service: Service) =>
  vi.waitFor(
    async () => {
      const { error } = await streamOf(service);
      expect(error).not.toBeNull();
      return error;
    },
    { timeout: 15_000 },
  );

/** What a read of a visitor answers. */
export const visitorOf = async (service: Service, user: string) =>
  (await service.readGroup('visitor', { user })).json.entities[0];
