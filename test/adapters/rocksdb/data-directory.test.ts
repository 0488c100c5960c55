import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataDirectoryError, openDataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import { startChild } from './child-process.ts';
import { temporaryPath } from './support.ts';

let path: string;
beforeEach(async () => {
  path = await temporaryPath();
});
afterEach(() => rm(path, { recursive: true, force: true }));

const create = { create: true };

async function failure(...args: Parameters<typeof openDataDirectory>): Promise<DataDirectoryError> {
  const error = await openDataDirectory(...args).then(
    directory => directory.close().then(() => null),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(DataDirectoryError);
  return error as DataDirectoryError;
}

test('keeps JSON values by name', async () => {
  const directory = await openDataDirectory(path, create);
  expect(await directory.readMeta('plan')).toBeNull();
  await directory.writeMeta('plan', { format: 1, groups: ['ü'] });
  await directory.writeMeta('other', null);
  await directory.close();
  const again = await openDataDirectory(path);
  expect(await again.readMeta('plan')).toEqual({ format: 1, groups: ['ü'] });
  expect(await again.readMeta('other')).toBeNull();
  await again.close();
});

test('makes folders on the way, and takes an empty one', async () => {
  const deep = join(path, 'a', 'b');
  await (await openDataDirectory(deep, create)).close();
  await mkdir(join(path, 'empty'));
  await (await openDataDirectory(join(path, 'empty'), create)).close();
  expect(JSON.parse(await readFile(join(deep, 'millrace.json'), 'utf8'))).toMatchObject({ format: 1 });
});

test('closing again is no error; using it afterwards is one', async () => {
  const directory = await openDataDirectory(path, create);
  await Promise.all([directory.close(), directory.close()]);
  await directory.close();
  await expect(directory.readMeta('plan')).rejects.toMatchObject({
    name: 'StoreError',
    reason: 'unavailable',
  });
  await expect(directory.writeMeta('plan', 1)).rejects.toThrow(/closed/);
});

describe('refuses', () => {
  test('a missing folder, unless it may make it', async () => {
    const error = await failure(join(path, 'none'));
    expect(error).toMatchObject({ reason: 'missing', path: join(path, 'none') });
    expect(error.message).toContain('does not exist');
  });

  test('an empty folder, unless it may use it', async () => {
    expect(await failure(path)).toMatchObject({ reason: 'missing' });
  });

  test('a file', async () => {
    const file = join(path, 'file');
    await writeFile(file, 'x');
    expect(await failure(file, create)).toMatchObject({ reason: 'foreign' });
  });

  test('a folder with other files, and leaves it as it is', async () => {
    await writeFile(join(path, 'holiday.jpg'), 'x');
    const error = await failure(path, create);
    expect(error).toMatchObject({ reason: 'foreign' });
    expect(error.message).toContain('holiday.jpg');
    expect(await readFile(join(path, 'holiday.jpg'), 'utf8')).toBe('x');
    await expect(readFile(join(path, 'millrace.json'))).rejects.toThrow();
  });

  test('a format of the future', async () => {
    await (await openDataDirectory(path, create)).close();
    await writeFile(join(path, 'millrace.json'), '{"format": 99}');
    const error = await failure(path);
    expect(error).toMatchObject({ reason: 'newer' });
    expect(error.message).toMatch(/format 99.*update Millrace/);
  });

  test.each(['', '{', '[]', '{"format": "1"}', 'null'])('a marker that is no marker: %j', async text => {
    await (await openDataDirectory(path, create)).close();
    await writeFile(join(path, 'millrace.json'), text);
    expect(await failure(path, create)).toMatchObject({ reason: 'unreadable' });
  });

  test('a broken database', async () => {
    await (await openDataDirectory(path, create)).close();
    await writeFile(join(path, 'db', 'CURRENT'), 'nonsense');
    expect(await failure(path)).toMatchObject({ reason: 'unreadable' });
  });

  test('a directory in use by this process', async () => {
    const directory = await openDataDirectory(path, create);
    const error = await failure(path);
    expect(error).toMatchObject({ reason: 'in-use' });
    expect(error.message).toContain('open in this process already');
    await directory.writeMeta('still', 'usable');
    await directory.close();
    await (await openDataDirectory(path)).close();
  });

  test('a directory in use by another process, naming it, until that is killed', async () => {
    const child = await startChild('hold', path, 1);
    const error = await failure(path);
    await child.kill();
    expect(error).toMatchObject({ reason: 'in-use' });
    expect(error.message).toContain(`in use by another process (pid ${child.pid})`);
    await (await openDataDirectory(path)).close();
  });
});

test('a folder whose making was cut short is made again', async () => {
  await writeFile(join(path, 'millrace.json.new'), '{"for');
  await (await openDataDirectory(path, create)).close();
  await (await openDataDirectory(path)).close();
  expect(JSON.parse(await readFile(join(path, 'millrace.json'), 'utf8'))).toHaveProperty('format', 1);
});
