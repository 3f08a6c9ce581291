import { mintMessageId, type AccountId } from '@restante/protocol';
import { expect, test } from 'vitest';
import { createConversations } from '../conversations/conversations.ts';
import { createMessages } from '../conversations/messages.ts';
import { createEvents } from '../events/events.ts';
import type { MessengerEvents } from '../events/messenger-events.ts';
import { conversationWith, memoryVault } from '../index.ts';
import { createVaultStore } from '../vault/store.ts';
import { setAside, withoutSurplus } from './set-aside.ts';

const SELF = crypto.randomUUID();
const [FRIEND, STRANGER, OTHER] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];

/** What is set aside in a vault whose person has let `FRIEND` and `OTHER` in. */
const openScene = async () => {
  const store = createVaultStore(memoryVault());
  const events = createEvents<MessengerEvents>();
  const device = { accountId: () => SELF, address: () => ({ accountId: SELF, deviceId: 1 }) };
  const conversations = createConversations(events, device);
  const messages = createMessages({
    ...{ events, conversations, now: Date.now },
    ...{ hasPassed: () => false, onExpiry: () => undefined, onFilesGone: () => undefined },
  });
  const deps = { device, messages, events };
  await store.transact((transaction) => {
    for (const sender of [FRIEND, OTHER]) transaction.put('standings', sender, 'accepted');
  });
  let minted = 0;
  return {
    /** So many more of a sender, and then what is too much goes. */
    take: (senderId: AccountId, messagesOfThem: number) =>
      store.transact(async (transaction) => {
        for (let each = 0; each < messagesOfThem; each += 1) {
          minted += 1;
          const envelope = {
            id: mintMessageId(minted, new Uint8Array(10)),
            senderId,
            senderDeviceId: 1,
            sentAt: minted,
          };
          await setAside(transaction, deps, envelope, 'undecryptable');
        }
        await withoutSurplus(transaction, deps);
      }),
    timesOf: async (senderId: AccountId): Promise<number[]> =>
      (await store.list('setAside', { limit: 5_000 }))
        .filter(({ value }) => value.senderId === senderId)
        .map(({ value }) => value.sentAt),
    unreadable: async (senderId: AccountId) =>
      (await store.get('conversations', conversationWith(senderId)))?.unreadable,
  };
};

test('what strangers send pushes out nothing of others', async () => {
  const { take, timesOf, unreadable } = await openScene();
  await take(FRIEND, 300);
  await take(SELF, 300);
  for (let batch = 0; batch < 10; batch += 1) await take(STRANGER, 200);
  expect(await timesOf(FRIEND)).toHaveLength(300);
  expect(await timesOf(SELF)).toHaveLength(300);
  const left = await timesOf(STRANGER);
  expect([left.length, left.at(-1)]).toEqual([100, 2_600]);
  expect([await unreadable(FRIEND), await unreadable(STRANGER)]).toEqual([300, 100]);
});

test('of too many, the oldest of whoever has most go first', async () => {
  const { take, timesOf, unreadable } = await openScene();
  await take(OTHER, 50);
  await take(FRIEND, 900);
  await take(FRIEND, 400);
  expect(await timesOf(OTHER)).toHaveLength(50);
  const left = await timesOf(FRIEND);
  expect([left.length, left.at(-1)]).toEqual([950, 1_350]);
  await take(OTHER, 700);
  expect([(await timesOf(OTHER)).length, (await timesOf(FRIEND)).length]).toEqual([500, 500]);
  expect([await unreadable(OTHER), await unreadable(FRIEND)]).toEqual([500, 500]);
});
