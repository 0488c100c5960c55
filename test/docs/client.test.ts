import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import retail from '../../features/retail/index.ts';
import { startService } from '../service/running.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/* The TypeScript of docs/client.md, taken together, is a program that compiles, and runs against a service. */

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

test('the program of docs/client.md compiles and runs', { timeout: 60_000 }, async () => {
  const service = await startService({ definitions: retail });
  const text = readFileSync(join(root, 'docs/client.md'), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(match => match[1] ?? '');
  expect(blocks.length).toBeGreaterThanOrEqual(6);
  const program = join(temporaryDirectory(), 'client.mts');
  const code = blocks.join('\n').replaceAll("'../", `'${root}/`);
  expect(code).toContain("'http://127.0.0.1:4600'");
  writeFileSync(program, code.replaceAll('http://127.0.0.1:4600', service.url));

  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = [
    ...[
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--noUnusedLocals',
      '--verbatimModuleSyntax',
    ],
    ...['--erasableSyntaxOnly', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
    ...['--target', 'es2024', '--module', 'nodenext', '--types', 'node', '--allowImportingTsExtensions'],
    ...['--typeRoots', join(root, 'node_modules/@types')],
  ];
  const compiled = await run(process.execPath, [tsc, ...options, program], { cwd: root }).catch(
    error => error,
  );
  expect(compiled.stdout).toBe('');

  const { stdout } = await run(process.execPath, [program], { cwd: root });
  expect(stdout).toContain("{ status: 'accepted', position: 'purchases/shard-000/");
  await service.caughtUp();
  expect((await service.status()).streams[0]).toMatchObject({
    received: { accepted: 3, rejected: 0 },
    processed: { counted: 3, bad: 0 },
  });
});
