#!/usr/bin/env node
// Needs Node 22.18 or later, which runs TypeScript as it stands; `npx millrace` and npm scripts use the one installed here.
import { runCli } from '../lib/cli/main.ts';

// A reader that has seen enough (`millrace … | head`) is no error.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCli(process.argv.slice(2));
