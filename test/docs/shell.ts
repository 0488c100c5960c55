import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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
  const { args, options } = shellOf(commands, {});
  return execFileSync('bash', args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The same while this process answers what the commands ask, with more variables of the environment. */
export async function runBeside(
  commands: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const { args, options } = shellOf(commands, environment);
  return (await promisify(execFile)('bash', args, options)).stdout;
}

function shellOf(commands: readonly string[], environment: Readonly<Record<string, string>>) {
  const folder = temporaryDirectory();
  symlinkSync(join(root, 'features'), join(folder, 'features'));
  const env = {
    ...process.env,
    ...environment,
    NO_COLOR: '1',
    NODE: process.execPath,
    MILLRACE: join(root, 'bin/millrace.ts'),
    AWS_STAND_IN: join(root, 'test/docs/aws.ts'),
  };
  return {
    args: ['-euo', 'pipefail', '-c', [standIns, ...commands].join('\n')],
    options: { cwd: folder, encoding: 'utf8', env } as const,
  };
}

/**
 * npm and npx themselves are not under test, and take their time: .ci/run begins with `npm ci` and `npm test`. A service
 * runs beside what follows, as in a terminal of its own, at a free port instead of the one that the documents name, and
 * is stopped at the end. So are workers; an event that is put waits until one of them has said something of it.
 */
const standIns = `
service='' url='' workers=''
millrace() { "$NODE" "$MILLRACE" "$@"; }
serve() {
  "$NODE" "$MILLRACE" "$@" --port 0 > service.out &
  service=$!
  until url=$(grep -om1 'http://127[.:0-9]*' service.out); do kill -0 "$service"; sleep 0.05; done
}
work() {
  local out=worker$(wc -w <<< "$workers").out
  "$NODE" "$MILLRACE" "$@" > "$out" &
  workers="$workers $!"
  until grep -q ' taken' "$out"; do kill -0 $!; sleep 0.05; done
}
settled() {
  for out in worker*.out; do { grep ' counted' "$out" || true; } | tail -1; done |
    { grep -oE '[0-9]+ (counted|bad)' || true; } | awk '{ sum += $1 } END { print sum + 0 }'
}
aws() {
  before=$(settled)
  "$NODE" "$AWS_STAND_IN" "$@"
  if [ "$2" = put-record ]; then until [ "$(settled)" -gt "$before" ]; do sleep 0.05; done; fi
}
npx() {
  shift
  case "$*" in
    worker*) work "$@" ;;
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
  for worker in $workers; do kill "$worker" && wait "$worker" || status=1; done
  if [ -n "$workers" ]; then cat worker*.out; fi
  if [ -n "$service" ]; then kill "$service" && wait "$service" && cat service.out; fi
  exit $status
}
trap stop EXIT
`;
