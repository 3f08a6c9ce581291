import { mintMessageId, type AccountId } from '@restante/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_SETTINGS } from '../content/conversation-settings.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { keyOfMessage, placeInTime } from '../vault/keys.ts';
import { memoryVault } from '../vault/memory-vault.ts';
import { createVaultStore, type Store } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';
import { newestFirst } from './newest-first.ts';

const AT = 1_800_000_000_000;
const accountOf = (index: number): AccountId =>
  `${String(index).padStart(8, '0')}-1111-4111-8111-111111111111`;

/** A vault with messages, each by its conversation and time. */
const vaultWith = async (given: readonly (readonly [number, number])[]) => {
  const store = createVaultStore(memoryVault());
  const messages = given.map(([conversation, timeMs], index): Message => {
    const random = new Uint8Array(10);
    new DataView(random.buffer).setUint32(6, index);
    return {
      ...{ id: mintMessageId(AT + timeMs, random), conversation: conversationWith(accountOf(conversation)) },
      ...{ direction: 'in', sentAt: AT + timeMs, kind: 'text', text: String(index), state: 'seen' },
    };
  });
  await store.transact((transaction) => {
    for (const message of messages) {
      transaction.put('messages', keyOfMessage(message), message);
      transaction.put('conversations', message.conversation, {
        ...{ id: message.conversation, username: 'bob', standing: 'accepted', unread: 0, lastMessageAt: 0 },
        ...{ preview: null, unreadable: 0, draft: '', verification: 'none', settings: NO_SETTINGS },
      });
    }
  });
  const places = messages
    .map((message) => placeInTime(keyOfMessage(message)))
    .sort()
    .reverse();
  return { store, places };
};
const placesBefore = async (store: Store, before: string | null): Promise<string[]> => {
  const places: string[] = [];
  for await (const { place } of newestFirst(store, before)) places.push(place);
  return places;
};

test('every message once, the newest first, from any place', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(5), fc.nat(50)), { maxLength: 200 }),
      fc.nat(200),
      async (given, from) => {
        const { store, places } = await vaultWith(given);
        expect(await placesBefore(store, null)).toEqual(places);
        const before = places[from];
        if (before !== undefined) expect(await placesBefore(store, before)).toEqual(places.slice(from + 1));
      },
    ),
    { numRuns: 60 },
  );
});

test('more conversations and messages than come with one page', async () => {
  const given = Array.from({ length: 1_500 }, (_, index) => [index % 700, index] as const);
  const long = Array.from({ length: 200 }, (_, index) => [3, 5_000 + index] as const);
  const { store, places } = await vaultWith([...given, ...long]);
  expect(await placesBefore(store, null)).toEqual(places);
});
