import type { Message } from '@restante/client';
import { conversationWith } from '@restante/client/conversation-id';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareMessages, mergeMessages, messageKey } from './message-window.ts';

const message: fc.Arbitrary<Message> = fc
  .record({ number: fc.nat(20), direction: fc.constantFrom('in', 'out') })
  .map(({ number, direction }) => ({
    ...{
      id: `id-${number}`,
      conversation: conversationWith('ben'),
      direction,
      sentAt: (number * 7) % 5,
      kind: 'text',
      text: '',
    },
    state: direction === 'in' ? 'seen' : 'queued',
  }));
/** As a page is: in order, each once. */
const page = fc
  .uniqueArray(message, { selector: messageKey })
  .map((messages) => messages.sort(compareMessages));

test('merged pages are in order, and have each message once, as the added page has it', () => {
  fc.assert(
    fc.property(page, page, (items, added) => {
      const merged = mergeMessages(items, added);
      expect(merged).toEqual([...merged].sort(compareMessages));
      expect(new Set(merged.map(messageKey))).toEqual(new Set([...items, ...added].map(messageKey)));
      expect(merged).toHaveLength(new Set(merged.map(messageKey)).size);
      for (const one of added) expect(merged).toContain(one);
    }),
  );
});
