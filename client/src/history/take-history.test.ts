import { mintMessageId, PLAIN_PART_BYTES, type BlobId, type MessageId } from '@restante/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMessages, type Messages } from '../conversations/messages.ts';
import { createConversations } from '../conversations/conversations.ts';
import { decodeContent } from '../content/codec.ts';
import type { HistoryPart } from '../content/kinds/history-part.ts';
import type { HistoryRequest } from '../content/kinds/history-request.ts';
import { createEvents } from '../events/events.ts';
import type { HistoryProgress, MessengerEvents } from '../events/messenger-events.ts';
import { MessengerError } from '../messenger-error.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import type { Composer } from '../sending/compose.ts';
import type { BlobApi } from '../server/blob-api.ts';
import type { ServerClock } from '../server/clock.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { NEW_HISTORY, takeNoMoreOf } from '../vault/history-row.ts';
import { authoredKey, keyOfMessage } from '../vault/keys.ts';
import { memoryVault } from '../vault/memory-vault.ts';
import { createVaultStore, type Store } from '../vault/store.ts';
import { ONLY, type Message } from '../vault/tables.ts';
import { createHistoryGiving, noteHistoryRequest } from './give-history.ts';
import { createHistory, type History } from './history.ts';
import type { RepeatedWork } from '../sending/repeated-work.ts';
import { createHistoryTaking, noteHistoryPart } from './take-history.ts';

/** One device gives to another one: what they say to each other is carried by hand, and their blobs lie in memory. */

const [SELF, BOB, CAROL] = ['1', '2', '3'].map(
  (digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111`,
) as [string, string, string];
const AT = 1_800_000_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const BACKOFF = { minMs: 1, maxMs: 5, factor: 2 };

let nowMs = AT;
let minted = 0;
const mint = (): MessageId => {
  const random = new Uint8Array(10);
  new DataView(random.buffer).setUint32(6, (minted += 1));
  return mintMessageId(nowMs, random);
};
const message = (index: number, more: Partial<Message> = {}): Message => {
  const random = new Uint8Array(10).fill(1);
  new DataView(random.buffer).setUint32(6, index);
  const sentAt = AT - 90 * DAY_MS + index * 1000;
  return {
    ...{ id: mintMessageId(sentAt, random), conversation: conversationWith(index % 2 ? BOB : CAROL), sentAt },
    ...{ direction: 'in', kind: 'text', text: `text ${index}`, state: 'seen' },
    ...more,
  };
};

/** Blobs by their ids. */
const stored = new Map<BlobId, Map<number, Uint8Array<ArrayBuffer>>>();
let gets = 0;
const blobs: BlobApi = {
  parts: ({ blob }) => Promise.resolve(new Set(stored.get(blob)?.keys())),
  put: ({ blob }, part, data) => {
    stored.set(blob, (stored.get(blob) ?? new Map<number, Uint8Array<ArrayBuffer>>()).set(part, data));
    return Promise.resolve(3);
  },
  get: ({ blob }, part) => {
    gets += 1;
    const data = stored.get(blob)?.get(part);
    return data
      ? Promise.resolve(data.slice())
      : Promise.reject(new MessengerError('not-found', 'there is no such part'));
  },
};
const ticket = { ticket: 't', ticketExpiresAt: Infinity, nodes: ['http://node'] };
const api = {
  newBlob: () => Promise.resolve({ id: mint(), ...ticket }),
  blob: (id: BlobId) => Promise.resolve({ id, ...ticket }),
};

type Device = {
  readonly deviceId: number;
  readonly store: Store;
  readonly messages: Messages;
  readonly history: History;
  /** What it has sent to own devices and is not delivered. */
  readonly sent: (HistoryRequest | HistoryPart)[];
  readonly told: HistoryProgress[];
  readonly faults: string[];
  readonly taking: RepeatedWork;
  readonly stop: () => void;
  readonly take: (from: Device, content: HistoryRequest | HistoryPart) => Promise<void>;
};

const deviceOf = (
  deviceId: number,
  vault = memoryVault(),
  /** Outlives a restart, as an outbox does. */
  sent: (HistoryRequest | HistoryPart)[] = [],
): Device => {
  const store = createVaultStore(vault);
  const events = createEvents<MessengerEvents>();
  const faults: string[] = [];
  const told: HistoryProgress[] = [];
  events.on('history', (progress) => told.push(progress));
  const clock = { now: () => nowMs, mint: () => Promise.resolve(mint()) } as unknown as ServerClock;
  const composer = {
    enqueue: (transaction, _id, { ownCopy }) => {
      transaction.afterCommit(() => sent.push(decodeContent(ownCopy!) as HistoryRequest | HistoryPart));
      return Promise.resolve();
    },
    isAlone: () => Promise.resolve(false),
  } as Pick<Composer, 'enqueue' | 'isAlone'> as Composer;
  const device = { address: () => ({ accountId: SELF, deviceId }), accountId: () => SELF };
  const conversations = createConversations(events, device);
  const messages = createMessages({
    ...{ events, conversations, now: () => nowMs, hasPassed: (timeMs) => timeMs <= nowMs },
    ...{ onExpiry: () => undefined, onFilesGone: () => undefined },
  });
  const onFault = (error: unknown): void => void faults.push((error as MessengerError).code);
  const giving = createHistoryGiving({
    ...{ store, clock, composer, api, blobs, backoff: BACKOFF, onFault, onQueued: () => undefined },
    random: (bytes) => crypto.getRandomValues(bytes),
  });
  const deps = { store, device, clock, composer, events, conversations, messages, api, blobs, onFault };
  const taking: RepeatedWork = createHistoryTaking({
    ...{ ...deps, backoff: BACKOFF, onQueued: () => undefined },
    onHistory: () => taking.pump(),
  });
  const onHistory = (): void => taking.pump();
  const history = createHistory({ store, events, registered: () => Promise.resolve(), onHistory });
  giving.start();
  taking.start();
  return {
    ...{ deviceId, store, messages, history, sent, told, faults, taking },
    stop: () => {
      giving.stop();
      taking.stop();
    },
    take: (from, content) =>
      store.transact((transaction) => {
        if (content.kind === 'history-part')
          return noteHistoryPart(transaction, { ...deps, onHistory }, from.deviceId, content);
        noteHistoryRequest(transaction, { device, onHistoryDue: giving.pump }, from.deviceId, content);
        return undefined;
      }),
  };
};

let devices: Device[] = [];
const newDevice = (vault = memoryVault()): Device => {
  const device = deviceOf(devices.length + 1, vault);
  devices.push(device);
  return device;
};
const having = async ({ store, messages }: Device, given: readonly Message[]): Promise<void> => {
  await store.transact(async (transaction) => {
    transaction.put('ownDevicesKnown', ONLY, true);
    for (const each of given)
      await messages.restore(transaction, each.direction === 'out' ? SELF : each.conversation, each);
  });
};
const all = async ({ store }: Device): Promise<Message[]> =>
  (await store.list('messages', { limit: 10_000 })).map(({ value }) => value);
const inOrder = (messages: readonly Message[]): Message[] =>
  messages.toSorted((a, b) => (keyOfMessage(a) < keyOfMessage(b) ? -1 : 1));
/** Carries everything that is said until nothing is said any more, and all is kept. */
const carryUntil = async (isThere: () => Promise<boolean> | boolean): Promise<void> => {
  await waitFor('it to be there', async () => {
    if (await isThere()) return true;
    for (const from of devices)
      for (const content of from.sent.splice(0))
        for (const to of devices) if (to !== from) await to.take(from, content);
    return false;
  });
};
const stateOf = async ({ history }: Device): Promise<HistoryProgress['state']> =>
  (await history.historyProgress()).state;
const isDone = (device: Device) => async (): Promise<boolean> => (await stateOf(device)) === 'done';

/** As it is when the second device has answered, and the person has put it off. */
const PAUSED = { state: 'paused', from: 2, total: 3, open: { place: null, heard: [2] } } as const;
/** Some 40 fill a part. */
const LONG = 'x'.repeat(25_000);

beforeEach(() => {
  [nowMs, devices, gets] = [AT, [], 0];
  stored.clear();
});
afterEach(() => devices.forEach(({ stop }) => stop()));

test('a new device has what the other one has, each message where it stood there', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  const given = Array.from({ length: 200 }, (_, index) =>
    message(index, { text: `${index} ${LONG}`, ...(index % 3 ? {} : { direction: 'out', state: 'read' }) }),
  );
  await having(old, given);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(isDone(fresh));
  expect(inOrder(await all(fresh))).toEqual(inOrder(given));
  expect(stored.size).toBeGreaterThan(4);
  expect(fresh.told.at(-1)).toEqual({ state: 'done', messages: 200, total: 200 });
  expect(
    (await fresh.store.list('conversations', { limit: 9 })).map(({ value }) => value.preview?.id).sort(),
  ).toEqual([given[198]!.id, given[199]!.id].sort());
  expect([...old.faults, ...fresh.faults]).toEqual([]);
  for (const blob of stored.values())
    for (const part of blob.values()) expect(part.length).toBeLessThanOrEqual(PLAIN_PART_BYTES + 16);
});

test('the newest come first', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  const given = Array.from({ length: 120 }, (_, index) => message(index, { text: LONG }));
  await having(old, given);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(async () => (await all(fresh)).length > 0);
  const oldest = inOrder(await all(fresh)).reduce((least, { sentAt }) => Math.min(least, sentAt), Infinity);
  expect(oldest).toBeGreaterThan(given[60]!.sentAt);
});

test('who has nothing says so', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  await having(old, []);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(isDone(fresh));
  expect([await all(fresh), stored.size]).toEqual([[], 0]);
});

test('what is here stays as it is, and what was hidden meanwhile does not come back, however old', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  const [known, hidden, back, read] = [message(1), message(3), message(5), message(7, { state: 'received' })];
  await having(old, [known, hidden, back, read]);
  const here = { ...known, text: 'as it is here' };
  await having(fresh, [here]);
  await fresh.history.takeHistory();
  await carryUntil(() => old.sent.length > 0);
  await fresh.store.transact(async (transaction) => {
    const say = (target: Message, annotation: Parameters<Messages['annotate']>[3]): Promise<boolean> =>
      fresh.messages.annotate(transaction, target.conversation, { author: BOB, id: target.id }, annotation);
    await say(hidden, { hidden: true });
    await say(back, { deleted: true });
    await say(read, { state: 'seen' });
  });
  await carryUntil(isDone(fresh));
  expect(inOrder(await all(fresh))).toEqual([
    here,
    expect.objectContaining({ id: back.id, kind: 'deleted', text: '' }),
    { ...read, state: 'seen' },
  ]);
  expect(await fresh.store.get('conversations', conversationWith(BOB))).toMatchObject({ unread: 0 });
});

test('a conversation that is deleted meanwhile does not come back', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  await having(
    old,
    Array.from({ length: 10 }, (_, index) => message(index)),
  );
  await having(fresh, []);
  await fresh.history.takeHistory();
  await fresh.store.transact((transaction) => takeNoMoreOf(transaction, conversationWith(BOB)));
  await carryUntil(isDone(fresh));
  expect((await all(fresh)).map(({ conversation }) => conversation)).toEqual(Array(5).fill(CAROL));
});

test('what has disappeared meanwhile does not come', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  const gone = message(1, { timer: 60, expiresAt: AT + 60_000 });
  await having(old, [gone, message(3)]);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(() => old.sent.length > 0);
  nowMs += 61_000;
  await carryUntil(isDone(fresh));
  expect(await all(fresh)).toEqual([message(3)]);
});

test('it goes on where it was left, on both sides, and nothing is fetched twice', async () => {
  const [vault, oldVault] = [memoryVault(), memoryVault()];
  const given = Array.from({ length: 200 }, (_, index) => message(index, { text: `${index} ${LONG}` }));
  let [old, fresh] = [newDevice(oldVault), newDevice(vault)];
  await having(old, given);
  await having(fresh, []);
  await fresh.history.takeHistory();
  for (let kept = 0; kept < 200;) {
    await carryUntil(async () => (await all(fresh)).length > kept);
    [old, fresh].forEach(({ stop }) => stop());
    kept = (await all(fresh)).length;
    [old, fresh] = [deviceOf(1, oldVault, old.sent), deviceOf(2, vault, fresh.sent)];
    devices = [old, fresh];
  }
  await carryUntil(isDone(fresh));
  expect(inOrder(await all(fresh))).toEqual(inOrder(given));
  expect(gets).toBeLessThanOrEqual(2 * stored.size);
  expect((await fresh.history.historyProgress()).messages).toBe(200);
});

test('a pause asks for nothing and keeps nothing; it goes on from there', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  const given = Array.from({ length: 120 }, (_, index) => message(index, { text: `${index} ${LONG}` }));
  await having(old, given);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(async () => (await all(fresh)).length > 0);
  await fresh.history.pauseHistory();
  const kept = (await all(fresh)).length;
  await carryUntil(() => devices.every(({ sent }) => sent.length === 0));
  expect([await stateOf(fresh), (await all(fresh)).length]).toEqual(['paused', kept]);
  await fresh.history.takeHistory();
  await carryUntil(isDone(fresh));
  expect((await fresh.history.historyProgress()).messages).toBe(120);
  expect(inOrder(await all(fresh))).toEqual(inOrder(given));
});

test('a part that no node has any more is asked for again', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  await having(old, [message(1), message(2)]);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(() => old.sent.length > 0);
  stored.clear();
  await carryUntil(isDone(fresh));
  expect(await all(fresh)).toHaveLength(2);
  expect(fresh.faults).toContain('not-found');
});

test('who does not answer is passed over after a while', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  const given = Array.from({ length: 120 }, (_, index) => message(index, { text: `${index} ${LONG}` }));
  await having(old, given);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(async () => (await all(fresh)).length > 0);
  old.stop();
  devices = [fresh];
  const other = newDevice();
  await having(other, given);
  fresh.taking.pump();
  await carryUntil(() => fresh.sent.length === 0);
  expect(await stateOf(fresh)).toBe('running');
  nowMs += 3 * 60_000;
  fresh.taking.pump();
  await carryUntil(isDone(fresh));
  expect(inOrder(await all(fresh))).toEqual(inOrder(given));
});

test('a device that has more than the one that answers first is asked, even when all seemed to be there', async () => {
  const [fresh, empty, less, old] = [newDevice(), newDevice(), newDevice(), newDevice()];
  const given = Array.from({ length: 120 }, (_, index) => message(index, { text: `${index} ${LONG}` }));
  await having(old, given);
  await having(less, given.slice(-3));
  for (const device of [fresh, empty]) await having(device, []);
  await fresh.history.takeHistory();
  await waitFor('the question', () => fresh.sent.length === 1);
  const question = fresh.sent.splice(0)[0]!;
  for (const slower of [empty, less, old]) {
    await slower.take(fresh, question);
    await waitFor('its answer', () => slower.sent.length === 1);
    await fresh.take(slower, slower.sent.splice(0)[0]!);
    if (slower !== old) {
      devices = [fresh, slower];
      await carryUntil(isDone(fresh));
    }
  }
  devices = [fresh, old];
  await carryUntil(async () => (await all(fresh)).length === given.length && (await isDone(fresh)()));
  expect(inOrder(await all(fresh))).toEqual(inOrder(given));
  expect(await fresh.history.historyProgress()).toMatchObject({ messages: 120, total: 120 });
  devices = [fresh, empty, less, old];
});

test('a device that has more is asked after a pause, when it has answered meanwhile', async () => {
  const [fresh, less, old] = [newDevice(), newDevice(), newDevice()];
  const given = Array.from({ length: 120 }, (_, index) => message(index, { text: `${index} ${LONG}` }));
  await having(old, given);
  await having(less, given.slice(0, 3));
  await having(fresh, []);
  await fresh.history.takeHistory();
  await waitFor('the question', () => fresh.sent.length === 1);
  const question = fresh.sent.splice(0)[0]!;
  for (const each of [less, old]) {
    await each.take(fresh, question);
    await waitFor('its answer', () => each.sent.length === 1);
  }
  less.sent.splice(0);
  await fresh.store.transact((transaction) =>
    transaction.put('history', ONLY, { ...NEW_HISTORY, ...PAUSED }),
  );
  await fresh.take(old, old.sent.splice(0)[0]!);
  expect(await stateOf(fresh)).toBe('paused');
  await fresh.history.takeHistory();
  await carryUntil(isDone(fresh));
  expect(inOrder(await all(fresh))).toEqual(inOrder(given));
});

test('what was not asked for is not taken: of another device, for another one, of another place, twice', async () => {
  const [old, fresh, other] = [newDevice(), newDevice(), newDevice()];
  await having(old, [message(1)]);
  await having(other, [message(2), message(4)]);
  await having(fresh, []);
  await carryUntil(() => true);
  const part = (more: Partial<HistoryPart>): HistoryPart => ({
    ...{ v: 1, kind: 'history-part', to: 2, total: 7 },
    archive: { blob: mint(), key: btoa('k'.repeat(32)), digest: btoa('d'.repeat(32)), size: 9 },
    ...more,
  });
  await fresh.take(other, part({}));
  expect(await fresh.store.get('history', ONLY)).toBeUndefined();
  await fresh.history.takeHistory();
  await waitFor('the question', () => fresh.sent.length === 1);
  await fresh.take(other, part({ to: 3 }));
  await fresh.take(other, part({ before: '018d00000000:00000000-0000-7000-8000-000000000000:in' }));
  expect((await fresh.store.get('history', ONLY))?.parts).toEqual([]);
  await carryUntil(isDone(fresh));
  const kept = await all(fresh);
  await fresh.take(old, part({}));
  await fresh.take(other, part({}));
  expect(await all(fresh)).toEqual(kept);
  expect(await stateOf(fresh)).toBe('done');
});

test('a device that never comes to an end is at its end', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  await having(fresh, []);
  await fresh.history.takeHistory();
  const place = '01a300000000:00000000-0000-7000-8000-000000000000:in';
  await waitFor('the question', () => fresh.sent.length === 1);
  await fresh.take(old, { v: 1, kind: 'history-part', to: 2, total: 1, next: place });
  await waitFor('the next question', () => fresh.sent.length === 2);
  await fresh.take(old, { v: 1, kind: 'history-part', to: 2, total: 1, before: place, next: place });
  expect(await stateOf(fresh)).toBe('done');
});

test('what is no history pauses it, and says so', async () => {
  const [old, fresh] = [newDevice(), newDevice()];
  await having(old, [message(1)]);
  await having(fresh, []);
  await fresh.history.takeHistory();
  await carryUntil(() => old.sent.length > 0);
  const content = old.sent.splice(0)[0] as HistoryPart;
  await fresh.take(old, { ...content, archive: { ...content.archive!, size: content.archive!.size - 2 } });
  await waitFor('the pause', async () => (await stateOf(fresh)) === 'paused');
  expect(fresh.faults).toEqual(['bad-history']);
  expect(fresh.told.at(-1)).toMatchObject({ state: 'paused', failure: 'bad-history' });
  expect(await fresh.store.get('messageKeys', authoredKey(BOB, message(1).id))).toBeUndefined();
});
