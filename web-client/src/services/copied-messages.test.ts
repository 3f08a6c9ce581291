import { expect, test } from 'vitest';
import { copiedMessages } from './copied-messages.ts';

test('say who said what, and when; files by their names', () => {
  const clock = { date: (ms: number) => `day ${ms}`, time: (ms: number) => `${ms}:00` };
  const file = { name: 'plan.pdf', type: 'application/pdf', size: 1, key: '' };
  const text = copiedMessages(
    [
      { direction: 'in', sentAt: 1, text: 'two\nlines' },
      { direction: 'out', sentAt: 2, text: '', files: [file] },
    ],
    { own: 'alice', other: 'Bob' },
    clock,
  );
  expect(text).toBe('[day 1, 1:00] Bob: two\nlines\n[day 2, 2:00] alice: plan.pdf');
});
