/** What stands on a terminal, line by line, and is drawn over as it changes. */
export interface Screen {
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. May be called again. */
  close(): void;
}

/**
 * Takes the whole terminal, on the second buffer that all of today's have, so that nothing written before is lost.
 * Whatever ends the process, its end gives the terminal back; only a kill -9 cannot (`reset` does then).
 */
export function openScreen(terminal: NodeJS.WriteStream): Screen {
  let lines: readonly string[] = [];
  let closed = false;

  function draw(): void {
    // The last row stays free: a line end in it would scroll. Some terminals say that they have 0 rows, not knowing.
    const rows = lines.slice(0, Math.max(1, (terminal.rows || 24) - 1));
    const text = rows.map(line => `${line}${control.clearToLineEnd}\n`).join('');
    // One write, shown as one.
    terminal.write(`${control.beginFrame}${control.home}${text}${control.clearBelow}${control.endFrame}`);
  }

  const close = () => {
    if (closed) return;
    closed = true;
    terminal.off('resize', draw);
    process.off('exit', close);
    terminal.write(`${control.wrap}${control.showCursor}${control.mainBuffer}`);
  };

  terminal.write(`${control.otherBuffer}${control.hideCursor}${control.noWrap}`);
  terminal.on('resize', draw);
  process.on('exit', close);
  return {
    draw(changed) {
      if (closed) return;
      lines = changed;
      draw();
    },
    close,
  };
}

/** By ECMA-48, and the private modes of xterm that others have taken over; unknown ones are ignored. */
const control = {
  otherBuffer: '\x1b[?1049h',
  mainBuffer: '\x1b[?1049l',
  hideCursor: '\x1b[?25l',
  showCursor: '\x1b[?25h',
  // Lines too long for a narrow terminal are cut by it.
  noWrap: '\x1b[?7l',
  wrap: '\x1b[?7h',
  beginFrame: '\x1b[?2026h',
  endFrame: '\x1b[?2026l',
  home: '\x1b[H',
  clearToLineEnd: '\x1b[K',
  clearBelow: '\x1b[J',
} as const;
