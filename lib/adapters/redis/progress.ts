import { StoreError } from '../../runtime/errors.ts';
import type { ShardProgress } from '../../runtime/ports.ts';
import { redisScript } from './client.ts';

/** `12/0`, or `12n/0` where the sequence number is a bigint; then a blank and the code, where it is known. */
export const encodeProgress = ({ sequence, index, code }: ShardProgress): string =>
  `${sequence}${typeof sequence === 'bigint' ? 'n' : ''}/${index}${code === undefined ? '' : ` ${code}`}`;

export function decodeProgress(text: string): ShardProgress {
  const match = /^(\d+)(n?)\/(\d+)(?: (.*))?$/s.exec(text);
  if (match === null) {
    throw new StoreError(
      'corrupt',
      `progress: ${JSON.stringify(text)} is no position. Restore Redis from a copy.`,
    );
  }
  const [, digits, big, index, code] = match;
  const position = { sequence: big ? BigInt(digits!) : Number(digits), index: Number(index) };
  return code === undefined ? position : { ...position, code };
}

/**
 * KEYS[1] the life's shards, ARGV shard and progress. A script's numbers are doubles and a sequence number has up to 56
 * digits: of two without leading zeros the longer is the greater, and of two as long the later as text.
 */
export const advanceScript = redisScript(`
local function place(text)
  local digits, index = string.match(text, '^(%d+)n?/(%d+)')
  return digits, tonumber(index)
end
local present = redis.call('HGET', KEYS[1], ARGV[1])
if present then
  local from, fromIndex = place(present)
  local to, toIndex = place(ARGV[2])
  if not from then return redis.error_reply('WRONGTYPE progress is no position') end
  if #to < #from then return 0 end
  if #to == #from and to < from then return 0 end
  if to == from and toIndex <= fromIndex then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`);
