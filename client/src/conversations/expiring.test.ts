import { mintMessageId, type MessageId } from '@restante/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEvents } from '../events/events.ts';
import type { MessengerEvents } from '../events/messenger-events.ts';
import { conversationWith, memoryVault, type Message } from '../index.ts';
import { createVaultStore } from '../vault/store.ts';
import type { Annotation } from '../vault/tables.ts';
import { createConversations } from './conversations.ts';
import { createExpiring } from './expiring.ts';
import { createMessages } from './messages.ts';

const START = Date.UTC(2030, 0, 1);
const SELF = crypto.randomUUID();
const FRIEND = crypto.randomUUID();
const conversation = conversationWith(FRIEND);
const TIMER_S = 60;

const idAt = (index: number): MessageId => mintMessageId(START + index, new Uint8Array(10));
const textAt = (index: number): Message => ({
  ...{ id: idAt(index), conversation, direction: 'in', sentAt: START + index, kind: 'text' },
  ...{ text: `secret ${index}`, timer: TIMER_S, state: 'received' },
});

/** The messages of a device, on which time goes on when a test says so. */
const device = () => {
  const vault = memoryVault();
  const commits: number[] = [];
  const store = createVaultStore({
    ...vault,
    commit: (changes) => {
      commits.push(changes.length);
      return vault.commit(changes);
    },
  });
  const events = createEvents<MessengerEvents>();
  const time = { nowMs: START, confirmedMs: START };
  const messages = createMessages({
    ...{
      events,
      conversations: createConversations(events, { accountId: () => SELF }),
      now: () => time.nowMs,
    },
    hasPassed: (timeMs) => timeMs <= time.confirmedMs,
    ...{ onExpiry: () => undefined, onFilesGone: () => undefined },
  });
  const expiring = createExpiring({
    ...{ store, messages, clock: { now: () => time.nowMs } },
    confirmed: { now: () => time.confirmedMs, keep: () => undefined },
    onFault: (error) => {
      throw error;
    },
  });
  return {
    ...{ vault, store, time, expiring, commits },
    add: (message: Message) => store.transact((transaction) => messages.add(transaction, FRIEND, message)),
    annotate: (id: MessageId, annotation: Annotation) =>
      store.transact((transaction) =>
        messages.annotate(transaction, conversation, { author: FRIEND, id }, annotation),
      ),
    shown: async () => (await store.list('messages', { limit: 10_000 })).map(({ value }) => value),
    /** Everything that is kept, as it lies there. */
    all: async () =>
      JSON.stringify(
        await Promise.all(
          (['messages', 'putAway', 'annotations', 'conversations'] as const).map((table) =>
            vault.list(table, { limit: 10_000 }),
          ),
        ),
      ),
    [Symbol.dispose]: () => expiring.stop(),
  };
};

type Step = 'text' | 'look' | 'ahead' | 'deleted' | 'reaction' | 'edit' | { readonly seenAfterS: number };

test('in whatever order a text, what is said of it, and looks come: it is kept until its time is over, and then no word of it is left', async () => {
  const seen = fc.record({ seenAfterS: fc.integer({ min: 1, max: 40 }) });
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constantFrom<Step>('text', 'look', 'ahead', 'deleted', 'reaction', 'edit'),
    seen,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), seen, async (steps, last) => {
      using kept = device();
      const { time, expiring } = kept;
      let expiresAt = Infinity;
      let came = false;
      for (const each of [...steps, 'text' as const, last, 'look' as const]) {
        if (each === 'text') {
          came = true;
          await kept.add(textAt(0));
        } else if (each === 'look') {
          time.nowMs = time.confirmedMs;
          await expiring.look();
        } else if (each === 'ahead') {
          time.nowMs = time.confirmedMs + 24 * 60 * 60 * 1000;
          await expiring.look();
        } else if (each === 'deleted') await kept.annotate(idAt(0), { deleted: true });
        else if (each === 'reaction')
          await kept.annotate(idAt(0), { reactions: { [SELF]: { emoji: '👍', id: idAt(1) } } });
        else if (each === 'edit')
          await kept.annotate(idAt(0), { edits: [{ id: idAt(2), text: 'secret too' }] });
        else {
          const seenAt = START + each.seenAfterS * 1000;
          expiresAt = Math.min(expiresAt, seenAt + TIMER_S * 1000);
          await kept.annotate(idAt(0), { state: 'seen', seenAt });
        }
      }
      expect(came && expiresAt).toBeLessThan(Infinity);
      // As long as it is not certain it may be brought back.
      for (const before of [1000, 1]) {
        time.nowMs = time.confirmedMs = expiresAt - before;
        await expiring.look();
        expect(await kept.shown()).toHaveLength(1);
      }
      time.nowMs = time.confirmedMs = expiresAt;
      await expiring.look();
      expect(await kept.shown()).toEqual([]);
      expect(await kept.all()).not.toContain('secret');
      expect(await kept.vault.list('expiries', { limit: 10 })).toEqual([]);
      expect(await kept.add(textAt(0))).toMatchObject({ added: false });
      await kept.annotate(idAt(0), { edits: [{ id: idAt(3), text: 'secret three' }] });
      expect(await kept.all()).not.toContain('secret');
    }),
    { numRuns: 200 },
  );
});

test('what was put away and taken back meanwhile comes back without its words', async () => {
  using kept = device();
  const { time, expiring } = kept;
  await kept.add(textAt(0));
  await kept.add(textAt(1));
  for (const index of [0, 1]) await kept.annotate(idAt(index), { state: 'seen', seenAt: START });
  time.nowMs += 24 * 60 * 60 * 1000;
  await expiring.look();
  expect(await kept.shown()).toEqual([]);
  const [row] = await kept.store.list('conversations', { limit: 1 });
  expect(row?.value).toMatchObject({ preview: null, unread: 0 });
  await kept.annotate(idAt(0), { deleted: true });
  await kept.annotate(idAt(1), { hidden: true });
  time.nowMs = time.confirmedMs;
  await expiring.look();
  expect(await kept.shown()).toEqual([expect.objectContaining({ id: idAt(0), kind: 'deleted', text: '' })]);
});

test('many that disappear at once go in pages, and what stays is not looked at', async () => {
  using kept = device();
  const { time, expiring, commits } = kept;
  for (let index = 0; index < 450; index += 1) {
    await kept.add({ ...textAt(index), ...(index % 2 === 1 && { timer: 7 * TIMER_S }) });
    await kept.annotate(idAt(index), { state: 'seen', seenAt: START + 1000 });
  }
  commits.length = 0;
  time.nowMs = time.confirmedMs = START + 1000 + TIMER_S * 1000;
  await expiring.look();
  expect(await kept.shown()).toHaveLength(225);
  expect(commits.length).toBe(3);
  // A row of the index and a message each, and the conversation.
  expect(Math.max(...commits)).toBeLessThanOrEqual(201);
});
