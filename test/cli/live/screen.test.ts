import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { openScreen } from '../../../lib/cli/live/screen.ts';

/** A terminal that keeps what is written to it. */
function fakeTerminal(rows: number) {
  const terminal = Object.assign(new EventEmitter(), {
    rows,
    written: [] as string[],
    write: (text: string) => terminal.written.push(text) > 0,
  });
  return { terminal, screen: openScreen(terminal as unknown as NodeJS.WriteStream) };
}

const open = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const restored = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const frame = (text: string): string => `\x1b[?2026h\x1b[H${text}\x1b[J\x1b[?2026l`;

test('a frame is one write over the one before, and no longer than the terminal is high', () => {
  const { terminal, screen } = fakeTerminal(3);
  screen.draw(['a', 'b', 'c', 'd']);
  screen.draw(['e']);
  expect(terminal.written).toEqual([open, frame('a\x1b[K\nb\x1b[K\n'), frame('e\x1b[K\n')]);
  screen.close();
});

test('it is drawn anew when the terminal changes its size', () => {
  const { terminal, screen } = fakeTerminal(2);
  screen.draw(['a', 'b']);
  terminal.rows = 3;
  terminal.emit('resize');
  expect(terminal.written.at(-1)).toBe(frame('a\x1b[K\nb\x1b[K\n'));
  screen.close();
});

test('closing gives the terminal back once, and nothing is drawn on it any more', () => {
  const before = process.listenerCount('exit');
  const { terminal, screen } = fakeTerminal(3);
  screen.close();
  screen.close();
  screen.draw(['a']);
  terminal.emit('resize');
  expect(terminal.written).toEqual([open, restored]);
  expect(process.listenerCount('exit')).toBe(before);
});

test('the end of the process gives it back too', () => {
  const { terminal } = fakeTerminal(3);
  const [onExit] = process.listeners('exit').slice(-1);
  onExit!.call(process, 1);
  expect(terminal.written).toEqual([open, restored]);
});
