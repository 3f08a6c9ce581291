import type { Message } from '@restante/client';
import { expect, test } from 'vitest';
import { messageKey } from './message-window.ts';
import { MAX_SELECTED, Selection } from './selection.svelte.ts';

const message = (at: number, change: Partial<Message> = {}): Message =>
  ({ id: String(at), sentAt: at, direction: 'in', kind: 'text', text: `text ${at}`, ...change }) as Message;
const times = (selection: Selection): number[] => selection.messages.map(({ sentAt }) => sentAt);

test('holds what was chosen, oldest first, until it is chosen once more or goes', () => {
  const selection = new Selection(message(5));
  selection.toggle(message(2));
  selection.toggle(message(9, { direction: 'out' }));
  selection.toggle(message(3, { kind: 'unknown' }));
  expect(times(selection)).toEqual([2, 5, 9]);
  // The same id of another author is another message.
  expect(selection.has(message(9))).toBe(false);
  selection.toggle(message(5));
  selection.update(messageKey(message(2)), message(2, { text: 'edited' }));
  selection.update(messageKey(message(7)), message(7));
  expect(selection.messages.map(({ text }) => text)).toEqual(['edited', 'text 9']);
  selection.update(messageKey(message(2)), message(2, { kind: 'deleted', text: '' }));
  selection.update(messageKey(message(9, { direction: 'out' })), null);
  expect(times(selection)).toEqual([]);
});

test('takes no more than it may have, and some again when others have left', () => {
  const selection = new Selection(message(0));
  for (let at = 1; at < MAX_SELECTED + 5; at += 1) selection.toggle(message(at));
  expect([selection.messages.length, selection.isFull]).toEqual([MAX_SELECTED, true]);
  selection.toggle(message(0));
  selection.toggle(message(500));
  expect(selection.has(message(500))).toBe(true);
});
