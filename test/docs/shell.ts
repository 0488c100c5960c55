import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const readDocument = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The contents of a document's blocks in a language. */
export const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(match => match[1]!);

/**
 * Runs a document's commands one after the other, as a reader would type them, and gives what they print. A command
 * that fails throws.
 */
export function runAsTyped(commands: readonly string[]): string {
  const folder = temporaryDirectory();
  symlinkSync(join(root, 'features'), join(folder, 'features'));
  return execFileSync('bash', ['-euo', 'pipefail', '-c', [standIns, ...commands].join('\n')], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', NODE: process.execPath, MILLRACE: join(root, 'bin/millrace.ts') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/**
 * npm and npx themselves are not under test, and take their time: .ci/run begins with `npm ci` and `npm test`. A service
 * runs beside what follows, as in a terminal of its own, at a free port instead of the one that the documents name, and
 * is stopped at the end.
 */
const standIns = `
service='' url=''
millrace() { "$NODE" "$MILLRACE" "$@"; }
serve() {
  "$NODE" "$MILLRACE" "$@" --port 0 > service.out &
  service=$!
  until url=$(grep -om1 'http://127[.:0-9]*' service.out); do kill -0 "$service"; sleep 0.05; done
}
npx() {
  shift
  case "$*" in
    feed*--seconds*) millrace "$@" --port 0 ;;
    dev* | feed*) serve "$@" ;;
    send* | status*) millrace "$@" --url "$url" ;;
    *) millrace "$@" ;;
  esac
}
npm() {
  case "$*" in
    ci | test) ;;
    start) serve feed ;;
    *) return 1 ;;
  esac
}
curl() { command curl --fail-with-body "\${@//http:\\/\\/127.0.0.1:4600/$url}"; }
stop() {
  status=$?
  if [ -n "$service" ]; then kill "$service" && wait "$service" && cat service.out; fi
  exit $status
}
trap stop EXIT
`;
