import type { Served } from '../../local/index.ts';
import { note, print } from '../format.ts';
import type { LiveExample } from './example.ts';
import { openingLine, progressLine, screenLines } from './report.ts';
import { openScreen, type Screen } from './screen.ts';
import type { Snapshot } from './watcher.ts';

/** Where people see how the service stands, until it is closed. */
export interface Display {
  open(served: Served): void;
  show(snapshot: Snapshot): void;
  error(error: unknown): void;
  close(): void;
}

/** A screen where stdout is a terminal; else a line a second. With `json` stdout is kept for the result. */
export function createDisplay(
  example: LiveExample,
  data: string,
  { json }: { readonly json: boolean },
): Display {
  const takesScreen = process.stdout.isTTY === true && process.env.TERM !== 'dumb' && !json;
  return takesScreen ? onScreen(example, data) : inLines(example, data, json ? note : print);
}

function onScreen(example: LiveExample, data: string): Display {
  let screen: Screen | null = null;
  let before: Snapshot | null = null;
  let message: string | null = null;
  return {
    open() {
      screen = openScreen(process.stdout);
    },
    show(snapshot) {
      screen?.draw([...screenLines(example, data, snapshot, before), ...(message === null ? [] : [message])]);
      before = snapshot;
    },
    error(error) {
      message = String(error);
    },
    close() {
      screen?.close();
      screen = null;
      // On the screen it was gone with it.
      if (message !== null) note(`millrace: ${message}`);
      message = null;
    },
  };
}

function inLines(example: LiveExample, data: string, write: (text: string) => void): Display {
  let next = 0;
  let closed = false;
  return {
    open({ url, found }) {
      write(openingLine(example, url, data, found[0]!));
    },
    show(snapshot) {
      if (closed || snapshot.seconds < next) return;
      next = Math.floor(snapshot.seconds) + 1;
      write(progressLine(example, snapshot));
    },
    error(error) {
      note(`millrace: ${error}`);
    },
    close() {
      closed = true;
    },
  };
}
