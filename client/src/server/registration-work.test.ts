import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { leadingZeroBits, workText } from '@restante/protocol';
import { doWork } from './registration-work.ts';

test('is what was asked for', async () => {
  const work = await doWork({ challenge: 'A'.repeat(40), bits: 10 });
  expect(work.challenge).toBe('A'.repeat(40));
  expect(leadingZeroBits(createHash('sha256').update(workText(work)).digest())).toBeGreaterThanOrEqual(10);
});

test('a server that asks for too much gets nothing', async () => {
  await expect(doWork({ challenge: 'A'.repeat(40), bits: 25 })).rejects.toMatchObject({ code: 'bad-answer' });
});
