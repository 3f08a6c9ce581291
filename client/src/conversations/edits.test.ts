import { mintMessageId, type MessageId } from '@restante/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_EDITS } from '../content/wordings.ts';
import { createEvents } from '../events/events.ts';
import type { MessengerEvents } from '../events/messenger-events.ts';
import { conversationWith, memoryVault, type Message } from '../index.ts';
import { createVaultStore } from '../vault/store.ts';
import type { Annotation } from '../vault/tables.ts';
import { createConversations } from './conversations.ts';
import { createMessages } from './messages.ts';

const NOW = Date.UTC(2030, 0, 1);
const SELF = crypto.randomUUID();
const FRIEND = crypto.randomUUID();
const conversation = conversationWith(FRIEND);

const idAt = (index: number): MessageId => mintMessageId(NOW + index, new Uint8Array(10));
const target = { author: FRIEND, id: idAt(0) };
const text: Message = {
  ...{ id: target.id, conversation, direction: 'in', sentAt: NOW, kind: 'text', text: 'first' },
  state: 'received',
};
const edit = (index: number): Annotation => ({ edits: [{ id: idAt(index), text: `edit ${index}` }] });

/** What is said of a text that a friend wrote, in this order; `text`: it comes itself. */
const told = async (order: readonly ('text' | Annotation)[]) => {
  const vault = memoryVault();
  const store = createVaultStore(vault);
  const events = createEvents<MessengerEvents>();
  const device = { accountId: () => SELF, address: () => ({ accountId: SELF, deviceId: 1 }) };
  const messages = createMessages({
    ...{ events, conversations: createConversations(events, device), now: () => NOW },
    ...{ hasPassed: () => false, onExpiry: () => undefined, onFilesGone: () => undefined },
  });
  for (const each of order)
    await store.transact((transaction): Promise<unknown> =>
      each === 'text'
        ? messages.add(transaction, FRIEND, text)
        : messages.annotate(transaction, conversation, target, each),
    );
  const [row] = await store.list('messages', { limit: 10 });
  const [shown] = await store.list('conversations', { limit: 10 });
  return {
    message: row?.value,
    preview: shown?.value.preview?.text,
    unread: shown?.value.unread,
    /** Everything that is kept, as it lies there. */
    all: JSON.stringify([
      await vault.list('messages', { limit: 10 }),
      await vault.list('annotations', { limit: 10 }),
    ]),
  };
};

test('whatever order a text, its edits and reactions come in, and however often: the newest words stand, and the same are kept', async () => {
  const edits = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 2 * MAX_EDITS });
  await fc.assert(
    fc.asyncProperty(edits, fc.infiniteStream(fc.nat()), async (indexes, ranks) => {
      const rank = (): number => ranks.next().value as number;
      const reaction: Annotation = { reactions: { [SELF]: { emoji: '+1', id: idAt(60) } } };
      const said = ['text' as const, reaction, ...indexes.map(edit)];
      const order = [...said, ...said.filter(() => rank() % 3 === 0)]
        .map((each) => ({ each, rank: rank() }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ each }) => each);
      const { message, preview, unread } = await told(order);
      const kept = indexes.sort((a, b) => a - b).slice(-MAX_EDITS);
      const last = kept.at(-1)!;
      expect(message).toEqual({
        ...text,
        text: `edit ${last}`,
        edited: {
          id: idAt(last),
          former: [
            { id: text.id, text: 'first' },
            ...kept.slice(0, -1).map((index) => ({ id: idAt(index), text: `edit ${index}` })),
          ],
        },
        reactions: reaction.reactions,
      });
      expect([preview, unread]).toEqual([`edit ${last}`, 1]);
    }),
  );
});

test('of what was taken back no words are left, whenever its edits come', async () => {
  const deletion: Annotation = { deleted: true };
  const order = fc.shuffledSubarray(['text' as const, edit(1), edit(2), deletion], {
    minLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(order, async (each) => {
      const { message, preview, all } = await told(each);
      expect(message).toMatchObject({ kind: 'deleted', text: '' });
      expect(message).not.toHaveProperty('edited');
      expect(preview).toBe('');
      expect(all).not.toContain('edit 1');
      expect(all).not.toContain('first');
    }),
  );
});

test('what waits for a text that was taken back or hidden before it came has no words', async () => {
  for (const order of [
    [edit(1), { deleted: true }],
    [{ deleted: true }, edit(1)],
    [edit(1), { hidden: true }],
  ] satisfies Annotation[][])
    expect((await told(order)).all).not.toContain('edit 1');
});

test('nothing but a text is edited', async () => {
  const { message } = await told(['text', { hidden: true }, edit(1)]);
  expect(message).toBeUndefined();
});
