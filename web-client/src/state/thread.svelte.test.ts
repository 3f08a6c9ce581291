import type { Message, MessageReference } from '@restante/client';
import { conversationWith } from '@restante/client/conversation-id';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Calls } from '../engine/calls.ts';
import type { EngineEvent } from '../engine/channel.ts';
import { EventFeed } from '../services/event-feed.ts';
import { compareMessages, WINDOW_SIZE } from './message-window.ts';
import { Thread } from './thread.svelte.ts';

const SELF = 'anna';
const BEN = 'ben';
const WITH_BEN = conversationWith(BEN);

const message = (number: number, change: Partial<Message> = {}): Message => ({
  ...{ id: `id-${String(number).padStart(6, '0')}`, conversation: WITH_BEN, direction: 'in', sentAt: number },
  ...{ kind: 'text', text: `${number}`, state: 'seen' },
  ...change,
});
const messages = (count: number, change: (number: number) => Partial<Message> = () => ({})): Message[] =>
  Array.from({ length: count }, (_, number) => message(number, change(number)));

/** A vault of one conversation, with the calls that read it. */
const start = async (stored: Message[], unread = 0) => {
  const kept = [...stored];
  const read: string[] = [];
  const edits: unknown[][] = [];
  let emit: (event: EngineEvent) => void = () => undefined;
  /** What happens between the reading of a page and its arrival. */
  let whileReading = () => Promise.resolve();
  type Page = { before?: Message; after?: Message; limit?: number };
  const page = ({ before, after, limit = 50 }: Page): Message[] =>
    after
      ? kept.filter((one) => compareMessages(one, after) > 0).slice(0, limit)
      : kept.filter((one) => !before || compareMessages(one, before) < 0).slice(-limit);
  const find = ({ id }: MessageReference): Message | undefined => kept.find((one) => one.id === id);
  const calls = {
    messages: (_: string, options: Page = {}) => {
      const found = page(options);
      return whileReading().then(() => found);
    },
    messagesAround: (_: string, reference: MessageReference, limit = 50) => {
      const middle = find(reference);
      if (middle === undefined) return Promise.resolve([]);
      const half = limit / 2;
      const [before, after] = [page({ before: middle, limit: half }), page({ after: middle, limit: half })];
      return Promise.resolve([...before, middle, ...after]);
    },
    messagesByReference: (references: readonly MessageReference[]) =>
      Promise.resolve(references.map((reference) => find(reference) ?? null)),
    markReadUpTo: (last: Message) => {
      read.push(last.text);
      return Promise.resolve();
    },
    sendText: (_: string, text: string) => {
      const sent = message(kept.length, { direction: 'out', state: 'queued', text });
      kept.push(sent);
      return Promise.resolve(sent);
    },
    editText: (...edit: unknown[]) => {
      edits.push(edit);
      return edit[2] === 'refuse' ? Promise.reject(new Error('refused')) : Promise.resolve();
    },
  } as unknown as Calls;
  const feed = new EventFeed({ onEvent: (listener) => void (emit = listener) });
  const thread = new Thread({ calls, feed, self: SELF, conversation: WITH_BEN, unread });
  await vi.waitUntil(() => thread.loaded);
  const happen = (...events: EngineEvent[]): void => {
    events.forEach((event) => emit(event));
    vi.advanceTimersByTime(16);
  };
  const arrive = (arrived: Message): void => {
    kept.push(arrived);
    kept.sort(compareMessages);
    happen({ type: 'message', detail: arrived });
  };
  const duringNextRead = (work: () => void): void => {
    whileReading = () => {
      whileReading = () => Promise.resolve();
      work();
      return Promise.resolve();
    };
  };
  return { thread, kept, read, edits, happen, arrive, duringNextRead };
};
const texts = (thread: Thread): string[] => thread.items.map(({ text }) => text);
const lastText = (thread: Thread): string | undefined => texts(thread).at(-1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('document', { visibilityState: 'visible' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('messages of before that come from another device are shown, in a conversation that was empty, too', async () => {
  const { thread, kept, happen } = await start([message(500)]);
  expect(thread.atStart).toBe(true);
  kept.unshift(...messages(250));
  happen({ type: 'history', detail: { state: 'running', messages: 250, total: 250 } });
  await vi.waitUntil(() => thread.items.length > 1);
  expect([texts(thread)[0], lastText(thread), thread.atStart]).toEqual(['150', '500', false]);

  const empty = await start([]);
  empty.kept.push(...messages(3));
  empty.happen({ type: 'history', detail: { state: 'running', messages: 3, total: 3 } });
  await vi.waitUntil(() => empty.thread.items.length === 3);
});

test('opens at the newest messages when all have been seen', async () => {
  const { thread } = await start(messages(250));
  expect(thread.items).toHaveLength(100);
  expect(lastText(thread)).toBe('249');
  expect([thread.atStart, thread.atEnd, thread.firstUnread]).toEqual([false, true, null]);
  expect(thread.goal).toEqual({ name: 'latest' });
});

test.each([1, 90, 250, 399, 450, 1_900])(
  'opens with the first of %i unread messages in it',
  async (unread) => {
    const count = 2_000;
    const { thread } = await start(
      messages(count, (number) => ({ state: number >= count - unread ? 'received' : 'seen' })),
      unread,
    );
    const first = message(count - unread);
    expect(thread.firstUnread).toEqual({ author: BEN, id: first.id });
    expect(texts(thread)).toContain(first.text);
    expect(texts(thread)).not.toBe(first.text);
    expect(thread.items.length).toBeLessThanOrEqual(WINDOW_SIZE);
    expect(thread.goal.name).toBe('unread');
  },
);

test('what cannot be read while somebody scrolls is read when they scroll again', async () => {
  const { thread, duringNextRead } = await start(messages(250));
  duringNextRead(() => {
    throw new Error('the storage fails');
  });
  await thread.loadOlder();
  expect(thread.items).toHaveLength(100);
  await thread.loadOlder();
  expect(thread.items).toHaveLength(200);
});

test('has a bounded window: the far end goes, and comes back', async () => {
  const { thread } = await start(messages(1_000));
  for (let pages = 0; pages < 9; pages += 1) {
    await thread.loadOlder();
    expect(thread.items.length).toBeLessThanOrEqual(WINDOW_SIZE);
  }
  await thread.loadOlder();
  expect(texts(thread)).toEqual(Array.from({ length: WINDOW_SIZE }, (_, number) => `${number}`));
  expect([thread.atStart, thread.atEnd]).toEqual([true, false]);
  for (let pages = 0; pages < 7; pages += 1) await thread.loadNewer();
  expect(texts(thread)).toEqual(Array.from({ length: WINDOW_SIZE }, (_, number) => `${number + 600}`));
  expect([thread.atStart, thread.atEnd]).toEqual([false, true]);
});

test('shows what comes, in the order of its time, and each once', async () => {
  const { thread, arrive, happen } = await start(messages(10));
  arrive(message(20));
  arrive(message(15));
  happen({ type: 'message', detail: message(20) });
  expect(texts(thread).slice(-3)).toEqual(['9', '15', '20']);
});

test('counts what comes while somebody reads above, and takes it in where it belongs', async () => {
  const { thread, arrive } = await start(messages(1_000));
  thread.following = false;
  arrive(message(2_000, { state: 'received' }));
  expect([thread.newBelow, lastText(thread)]).toEqual([1, '2000']);
  for (let pages = 0; pages < 4; pages += 1) await thread.loadOlder();
  expect(thread.atEnd).toBe(false);
  arrive(message(2_001, { state: 'received' }));
  expect(thread.newBelow).toBe(2);
  expect(texts(thread)).not.toContain('2001');
  await thread.jumpToLatest();
  expect([thread.newBelow, lastText(thread), thread.following]).toEqual([0, '2001', true]);
});

test('follows changes and removals', async () => {
  const { thread, happen } = await start(messages(5));
  const asked = thread.items[3];
  thread.replyingTo = asked ?? null;
  happen(
    { type: 'message-changed', detail: message(2, { text: 'changed' }) },
    { type: 'message-removed', detail: { conversation: WITH_BEN, author: BEN, id: message(3).id } },
    {
      type: 'message-removed',
      detail: { conversation: conversationWith('carl'), author: 'carl', id: message(4).id },
    },
  );
  expect(texts(thread)).toEqual(['0', '1', 'changed', '4']);
  expect(thread.replyingTo).toBeNull();
});

test('jumps to a message far away, and says when it is gone', async () => {
  const { thread } = await start(messages(5_000));
  const window = thread.window;
  expect(await thread.jumpTo({ author: BEN, id: message(1_234).id })).toBe(true);
  expect(texts(thread)).toContain('1234');
  expect(thread.window).not.toBe(window);
  expect(thread.goal).toEqual({ name: 'message', key: `in:${message(1_234).id}` });
  expect(await thread.jumpTo({ author: BEN, id: 'gone' })).toBe(false);
});

test('knows quoted messages: those at hand at once, others when they have been read', async () => {
  const { thread } = await start(messages(500));
  const quote = (number: number) => thread.quoted({ author: BEN, id: message(number).id });
  expect(quote(499)?.text).toBe('499');
  expect(quote(3)).toBeUndefined();
  expect(quote(9_999)).toBeUndefined();
  await vi.waitUntil(() => quote(3) !== undefined);
  expect(quote(3)?.text).toBe('3');
  expect(quote(9_999)).toBeNull();
});

test('what is in view counts as read with all before it, once, and only when somebody looks', async () => {
  const { thread, read } = await start(
    messages(3, () => ({ state: 'received' })),
    3,
  );
  vi.stubGlobal('document', { visibilityState: 'hidden' });
  thread.markVisible(thread.items);
  expect(read).toEqual([]);
  vi.stubGlobal('document', { visibilityState: 'visible' });
  thread.markVisible(thread.items.slice(0, 2));
  thread.markVisible(thread.items.slice(1, 2));
  expect(read).toEqual(['1']);
  thread.markVisible(thread.items);
  expect(read).toEqual(['1', '2']);
});

test('what is sent is shown as the newest, and the reply is over', async () => {
  const { thread } = await start(messages(1_000));
  await thread.jumpTo({ author: BEN, id: message(10).id });
  thread.replyingTo = thread.items[0] ?? null;
  await thread.send('Hello');
  expect(lastText(thread)).toBe('Hello');
  expect(thread.replyingTo).toBeNull();
  expect(thread.following).toBe(true);
});

test('reads again what was kept without being told', async () => {
  const { thread, kept } = await start(messages(3));
  kept.push(message(3), message(4));
  kept[2] = message(2, { state: 'seen', reactions: { [SELF]: { emoji: '👍', id: 'id' } } });
  await thread.readAgain();
  expect(texts(thread)).toEqual(['0', '1', '2', '3', '4']);
  expect(thread.items[2]?.reactions).toEqual({ [SELF]: { emoji: '👍', id: 'id' } });
});

test('what happens while messages are read is not undone by the older answer', async () => {
  const { thread, arrive, happen, duringNextRead } = await start(messages(1_000));
  await thread.jumpTo({ author: BEN, id: message(10).id });
  duringNextRead(() => {
    arrive(message(1_000));
    happen({ type: 'message-changed', detail: message(999, { text: 'changed' }) });
    happen({ type: 'message-removed', detail: { conversation: WITH_BEN, author: BEN, id: message(998).id } });
  });
  await thread.jumpToLatest();
  expect(texts(thread).slice(-3)).toEqual(['997', 'changed', '1000']);
  duringNextRead(() => happen({ type: 'message-changed', detail: message(1_000, { text: 'seen' }) }));
  await thread.readAgain();
  expect(lastText(thread)).toBe('seen');
});

const own = (number: number, change: Partial<Message> = {}): Message =>
  message(number, { direction: 'out', state: 'accepted', sentAt: Date.now() + number, ...change });

test('the last own text is edited, as long as that may be', async () => {
  const HOUR_MS = 60 * 60 * 1000;
  const { thread, arrive, happen } = await start([own(0, { sentAt: Date.now() - 25 * HOUR_MS })]);
  thread.editLast();
  expect(thread.editing).toBeNull();
  arrive(own(1));
  arrive(own(2));
  arrive(message(3, { sentAt: Date.now() + 3 }));
  thread.editLast();
  expect([thread.editing?.message.id, thread.editing?.text]).toEqual([own(2).id, '2']);
  thread.cancelEdit();
  happen({ type: 'message-changed', detail: own(2, { kind: 'deleted', text: '' }) });
  thread.editLast();
  expect(thread.editing?.message.id).toBe(own(1).id);
  happen({ type: 'message-changed', detail: own(1, { state: 'failed' }) });
  thread.cancelEdit();
  thread.editLast();
  expect(thread.editing).toBeNull();
});

test('an edit keeps its words while its message changes, and ends when that is gone or something else is answered', async () => {
  const { thread, happen } = await start([own(1), own(2)]);
  const [first, second] = thread.items;
  thread.replyingTo = first!;
  thread.edit(second!);
  expect(thread.replyingTo).toBe(first);
  thread.editing?.write('words');
  const read = own(2, { state: 'read' });
  happen({ type: 'message-changed', detail: read });
  expect([thread.editing?.message, thread.editing?.text]).toEqual([read, 'words']);
  thread.replyingTo = first!;
  expect(thread.editing).toBeNull();
  for (const gone of [
    { type: 'message-changed', detail: own(2, { kind: 'deleted', text: '' }) },
    { type: 'message-removed', detail: { conversation: WITH_BEN, author: SELF, id: own(2).id } },
  ] as const) {
    thread.edit(second!);
    happen(gone);
    expect(thread.editing).toBeNull();
  }
});

test('an edit that is refused is there again, unless another one has begun', async () => {
  const { thread, edits } = await start([own(1), own(2)]);
  const [first, second] = thread.items;
  thread.edit(first!);
  thread.editing?.write('other words');
  await thread.sendEdit();
  expect([edits, thread.editing]).toEqual([[[WITH_BEN, first!.id, 'other words', {}]], null]);
  await thread.sendEdit();
  expect(edits).toHaveLength(1);

  thread.edit(first!);
  thread.editing?.write('refuse');
  await expect(thread.sendEdit({ despiteKeys: true })).rejects.toThrow('refused');
  expect(thread.editing?.text).toBe('refuse');
  const refused = thread.sendEdit();
  thread.edit(second!);
  await expect(refused).rejects.toThrow('refused');
  expect(thread.editing?.message.id).toBe(second!.id);
});
