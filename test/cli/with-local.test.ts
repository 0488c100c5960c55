import { expect, test } from 'vitest';
import { closeAfter } from '../../lib/cli/with-local.ts';

const closing = (error?: Error) => {
  const opened = {
    closed: 0,
    async close() {
      opened.closed++;
      if (error) throw error;
    },
  };
  return opened;
};

test('what is open is closed after the work, done or failed', async () => {
  const opened = closing();
  expect(await closeAfter(opened, async () => 5)).toBe(5);
  await expect(closeAfter(opened, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  expect(opened.closed).toBe(2);
});

test('an error of closing is thrown, but does not hide that of the work', async () => {
  const opened = closing(new Error('closing failed'));
  await expect(closeAfter(opened, async () => 5)).rejects.toThrow('closing failed');
  await expect(closeAfter(opened, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  expect(opened.closed).toBe(2);
});
