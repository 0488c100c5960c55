import type { CompiledDefinitions } from '../../local/index.ts';
import { loadDefault, repositoryPath } from '../load-definitions.ts';

/** Events that can be made as they are needed, and what to look at while they arrive. */
export interface LiveExample {
  readonly title: string;
  /** Of one stream. */
  readonly definitions: CompiledDefinitions;
  /** Events from `start` (epoch ms) on, at a steady rate, in the order of their arrival and without end. */
  events(options: { readonly start: number; readonly eventsPerSecond: number }): Iterator<LiveEvent>;
  /** A feature service without context, its entities that are shown, and its features that are. */
  readonly service: string;
  readonly entities: readonly Readonly<Record<string, string>>[];
  readonly columns: readonly LiveColumn[];
}

export interface LiveEvent {
  /** Epoch ms; never less than that of the event before. */
  readonly arrivalTime: number;
  /** What a client sends: JSON on one line or, of a bad event, what became of it. */
  readonly bytes: Uint8Array;
}

export interface LiveColumn {
  readonly title: string;
  readonly feature: string;
  /** The value in a few words. */
  text(value: unknown): string;
}

/**
 * The example of this repository. It is loaded by its path, as the definitions of a user are: nothing in lib/ imports
 * features/, which people change as they please. A test holds the module to the interface.
 */
export async function loadLiveExample(): Promise<LiveExample> {
  return (await loadDefault(repositoryPath(module), module)) as LiveExample;
}

const module = 'features/feed/live.ts';
