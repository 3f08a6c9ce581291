import { mintMessageId } from '@restante/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEvents } from '../events/events.ts';
import type { MessengerEvents } from '../events/messenger-events.ts';
import { conversationWith, memoryVault } from '../index.ts';
import { earliest, placed, type Arrival } from '../receiving/arrival.ts';
import { createVaultStore } from '../vault/store.ts';
import { createConversations } from './conversations.ts';
import { createMessages } from './messages.ts';

const NOW = Date.UTC(2030, 0, 1);
const MINUTE = 60_000;
const SELF = crypto.randomUUID();
const FRIEND = crypto.randomUUID();

const openScene = () => {
  const store = createVaultStore(memoryVault());
  const events = createEvents<MessengerEvents>();
  const device = { accountId: () => SELF, address: () => ({ accountId: SELF, deviceId: 1 }) };
  const messages = createMessages({
    ...{ events, conversations: createConversations(events, device), now: () => NOW },
    ...{ hasPassed: () => false, onExpiry: () => undefined, onFilesGone: () => undefined },
  });
  const conversation = conversationWith(FRIEND);
  let minted = 0;
  const id = (ms: number) => {
    const random = new Uint8Array(10);
    new DataView(random.buffer).setUint32(6, (minted += 1));
    return mintMessageId(ms, random);
  };
  const rest = { conversation, kind: 'text', reactions: {} } as const;
  return {
    /** What the friend wrote at this time by their clock comes now. */
    comes: (text: string, saidAt: number, arrival: Arrival) =>
      store.transact(async (transaction) => {
        const written = id(saidAt);
        const place = placed(written, saidAt, arrival);
        const message = { ...rest, ...place, id: written, text, direction: 'in', state: 'received' } as const;
        await messages.add(transaction, FRIEND, message, earliest(arrival));
      }),
    write: (text: string, sentAt: number) =>
      store.transact(async (transaction) => {
        const message = { ...rest, sentAt, id: id(sentAt), text, direction: 'out', state: 'queued' } as const;
        await messages.add(transaction, SELF, message);
      }),
    shown: async () => (await store.list('messages', { limit: 1_000 })).map(({ value }) => value.text),
  };
};

test('what somebody wrote stands in its order, in whichever order it comes, whichever of the two clocks is behind', async () => {
  const gap = fc.integer({ min: 1, max: 20_000 });
  const text = fc.record({ gap, pause: fc.integer({ min: 0, max: 5_000 }), isAnswered: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 2, maxLength: 8 }),
      fc.integer({ min: -30 * MINUTE, max: 9 * MINUTE }),
      fc.infiniteStream(fc.nat()),
      async (texts, ahead, ranks) => {
        const { comes, write, shown } = openScene();
        let saidAt = NOW + ahead;
        const written = texts.map((each, index) => ({
          ...each,
          text: `text ${index}`,
          saidAt: (saidAt += each.gap),
          rank: ranks.next().value,
        }));
        let at = NOW;
        for (const each of written.toSorted((a, b) => a.rank - b.rank)) {
          at += each.pause;
          await comes(each.text, each.saidAt, { after: NOW, at });
          if (each.isAnswered) await write('answer', at);
        }
        const order = (await shown()).filter((each) => each !== 'answer');
        expect(order).toEqual(written.map((each) => each.text));
      },
    ),
  );
});

test('what says that it is older stands before nothing that was there a minute before it can have come', async () => {
  const { comes, write, shown } = openScene();
  await comes('late', NOW - 30 * MINUTE, { after: NOW - MINUTE, at: NOW });
  await write('answer', NOW + 1_000);
  await comes('later', NOW - 31 * MINUTE, { after: NOW + 3 * MINUTE, at: NOW + 3 * MINUTE });
  expect(await shown()).toEqual(['late', 'answer', 'later']);
});

test('what says that it is weeks older than a text that came first stands behind that', async () => {
  const { comes, write, shown } = openScene();
  await comes('do you agree?', NOW, { after: NOW, at: NOW });
  await write('no', NOW + 1_000);
  await comes('all is free', NOW - 500 * MINUTE, { after: NOW, at: NOW + 2_000 });
  expect(await shown()).toEqual(['do you agree?', 'no', 'all is free']);
});
