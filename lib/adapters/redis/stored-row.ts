import type { StoredRow } from '../../runtime/ports.ts';

/** A row in Redis is its version, a double in 8 bytes (little-endian), followed by the row's own bytes. */
export function encodeRow({ version, bytes }: StoredRow): Buffer {
  const value = Buffer.allocUnsafe(header + bytes.length);
  value.writeDoubleLE(version, 0);
  value.set(bytes, header);
  return value;
}

/** The row; `undefined` where these bytes are none. A version of 0 is left to the caller. */
export function decodeRow(value: Buffer): StoredRow | undefined {
  const version = value.length < header ? Number.NaN : value.readDoubleLE(0);
  if (!Number.isSafeInteger(version) || version < 0) return undefined;
  return { version, bytes: new Uint8Array(value.buffer, value.byteOffset + header, value.length - header) };
}

const header = 8;

/** The same in a script: the version in a value's first 8 bytes, or nil where there is none. */
export const luaVersionOf = `
local function versionOf(header)
  if #header < 8 then return nil end
  local version = struct.unpack('<d', header)
  if version >= 0 and version <= 9007199254740991 and version == math.floor(version) then return version end
  return nil
end
`;
