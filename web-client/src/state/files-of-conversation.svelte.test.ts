import type { Message } from '@restante/client';
import { conversationWith } from '@restante/client/conversation-id';
import { expect, test } from 'vitest';
import type { EngineEvent } from '../engine/channel.ts';
import { EventFeed } from '../services/event-feed.ts';
import { FilesOfConversation } from './files-of-conversation.svelte.ts';

const anna = '00000000-0000-4000-8000-00000000000a';
const conversation = conversationWith(anna);
const file = { name: 'a', type: 'image/png', size: 1 };
const message = (at: number, change: Partial<Message> = {}): Message =>
  ({ id: String(at), sentAt: at, direction: 'in', conversation, files: [file], ...change }) as Message;

/** A conversation of so many messages with files, of which `perLook` are found at once. */
const start = (count: number, perLook: number) => {
  let tell: (event: EngineEvent) => void = () => undefined;
  let fails = false;
  let whileReading = (): void => undefined;
  const all = Array.from({ length: count }, (_, index) => message(count - index));
  const files = new FilesOfConversation(
    {
      messagesWithFiles: (_, { before, limit = 0 } = {}) => {
        if (fails) return Promise.reject(new Error('closed'));
        const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before.id) + 1;
        whileReading();
        const found = all.slice(from, from + Math.min(limit, perLook));
        const end = from + found.length;
        return Promise.resolve({ found, next: end < count ? found.at(-1)! : null });
      },
    },
    new EventFeed({ onEvent: (listener) => void (tell = listener) }),
    conversation,
  );
  const times = (): number[] => files.messages.map(({ sentAt }) => sentAt);
  return {
    ...{ files, times, tell: (event: EngineEvent) => tell(event), fail: (is: boolean) => (fails = is) },
    onRead: (action: () => void) => (whileReading = action),
  };
};

test('reads on, however few are found at once, until there is a page more or the conversation begins', async () => {
  const { files, times } = start(40, 7);
  expect(files.hasMore).toBe(true);
  await files.readOn();
  expect(times()).toEqual(Array.from({ length: 30 }, (_, index) => 40 - index));
  expect(files.hasMore).toBe(true);
  await files.readOn();
  expect(times()).toHaveLength(40);
  expect([files.hasMore, files.state]).toEqual([false, 'read']);
});

test('goes on where it failed', async () => {
  const { files, times, fail } = start(3, 2);
  fail(true);
  await files.readOn();
  expect([files.state, files.hasMore]).toEqual(['failed', true]);
  fail(false);
  await files.readOn();
  expect(times()).toEqual([3, 2, 1]);
});

test('shows what comes, and not what is deleted, here or for everyone, or is of others', async () => {
  const { files, times, tell } = start(2, 2);
  await files.readOn();
  tell({ type: 'message', detail: message(9) });
  tell({ type: 'message', detail: message(8, { files: [] }) });
  tell({ type: 'message', detail: message(7, { conversation: conversationWith('somebody else') }) });
  await expect.poll(times).toEqual([9, 2, 1]);
  tell({ type: 'message-removed', detail: { conversation, author: anna, id: '2' } });
  // An id is its author's own.
  tell({ type: 'message-removed', detail: { conversation, author: 'me', id: '9' } });
  tell({ type: 'message-changed', detail: message(1, { kind: 'deleted', files: [] }) });
  // What is further back than was read does not come by a change of it.
  tell({ type: 'message-changed', detail: message(0) });
  await expect.poll(times).toEqual([9]);
});

test('does not bring back what is deleted while it is read, and reads no more once it is closed', async () => {
  const { files, times, tell, onRead } = start(9, 2);
  onRead(() => tell({ type: 'message-removed', detail: { conversation, author: anna, id: '9' } }));
  await files.readOn();
  await expect.poll(times).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);

  const long = start(9, 2);
  long.onRead(() => long.files.close());
  await long.files.readOn();
  expect(long.times()).toEqual([9, 8]);
});
