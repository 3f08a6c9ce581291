import { conversationWith, type Conversation } from '@restante/client';
import { NO_SETTINGS } from '@restante/client/conversation-settings';
import { expect, test } from 'vitest';
import { createPresenceOfTabs } from './presence-of-tabs.ts';

const conversation = (
  accountId: string,
  lastMessageAt: number,
  standing: Conversation['standing'] = 'accepted',
): Conversation => ({
  ...{
    id: conversationWith(accountId),
    lastMessageAt,
    standing,
    username: null,
    unread: 0,
    preview: null,
    unreadable: 0,
  },
  ...{ draft: '', verification: 'none', settings: NO_SETTINGS },
});

/** A messenger with these conversations; counts how often they are read. */
const scripted = (rows: readonly Conversation[]) => {
  const told: (readonly [state: string, to: readonly string[]])[] = [];
  let reads = 0;
  const presence = createPresenceOfTabs(
    () => ({
      conversations: () => {
        reads += 1;
        return Promise.resolve([...rows]);
      },
      setPresence: (state, to) => void told.push([state, to]),
    }),
    (error) => {
      throw error;
    },
  );
  return { presence, told, reads: () => reads };
};

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test('conversations are read once, however often tabs and conversations change', async () => {
  const { presence, told, reads } = scripted([
    conversation('old', 1),
    conversation('new', 2),
    conversation('asking', 3, 'request'),
  ]);
  presence.begin();
  await settled();
  expect(told.at(-1)).toEqual(['away', ['new', 'old']]);
  presence.note('tab', true);
  expect(told.at(-1)).toEqual(['online', ['new', 'old']]);
  presence.noteConversation(conversation('asking', 3));
  expect(told.at(-1)).toEqual(['online', ['asking', 'new', 'old']]);
  presence.forgetConversation(conversationWith('new'));
  presence.forget('tab');
  expect(told.at(-1)).toEqual(['away', ['asking', 'old']]);
  expect(reads()).toBe(1);
});

test('what changes while they are read is newer than what is read', async () => {
  const { presence, told } = scripted([conversation('friend', 1), conversation('gone', 2)]);
  presence.begin();
  presence.noteConversation(conversation('friend', 3, 'blocked'));
  presence.forgetConversation(conversationWith('gone'));
  expect(told).toEqual([]);
  await settled();
  expect(told).toEqual([['away', []]]);
});

test('only the latest conversations are told, and a new message that changes nothing else tells nothing', async () => {
  const rows = Array.from({ length: 300 }, (_, index) => conversation(`account ${index}`, index));
  const { presence, told } = scripted(rows);
  presence.begin();
  await settled();
  expect(told[0]?.[1]).toEqual(
    rows
      .slice(-256)
      .reverse()
      .map(({ id }) => id),
  );
  presence.noteConversation(conversation('account 0', 1_000));
  expect(told).toHaveLength(1);
});
