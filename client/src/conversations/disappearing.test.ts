import { mintMessageId, type Envelope } from '@restante/protocol';
import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, readRow, type Messenger, type TableName } from '../index.ts';
import { standingTimer } from '../content/chosen-timer.ts';
import { accountOf, live, Scene, textsWith } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import type { MemoryDisk } from '../vault/memory-vault.ts';
import type { Vault } from '../vault/vault.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** The machine of one messenger: its clock is set, and time passes on it, when a test says so. */
const machine = () => {
  let aheadMs = 0;
  let passedMs = 0;
  return {
    /** Time passes, for this machine's clocks alone. */
    pass: (ms: number) => (passedMs += ms),
    set: (ms: number) => (aheadMs = ms),
    now: () => Date.now() + passedMs + aheadMs,
    monotonic: () => performance.now() + passedMs,
  };
};

const timerWith = async (messenger: Messenger, other: Messenger): Promise<number | null> => {
  const id = conversationWith(await accountOf(other));
  return (await messenger.conversations()).find((each) => each.id === id)?.timer ?? null;
};
const waitForTimer = (messenger: Messenger, other: Messenger, seconds: number | null): Promise<void> =>
  waitFor(`a timer of ${seconds}`, async () => (await timerWith(messenger, other)) === seconds);

/** The timers that the lines of a conversation tell. */
const linesWith = async (messenger: Messenger, other: Messenger): Promise<(number | null)[]> =>
  (await messenger.messages(conversationWith(await accountOf(other))))
    .filter(({ kind }) => kind === 'timer')
    .map(({ timer = null }) => timer);

const wordsWith = async (messenger: Messenger, other: Messenger): Promise<string[]> =>
  (await textsWith(messenger, other)).filter((text) => text !== '');
const waitForWords = (messenger: Messenger, other: Messenger, words: readonly string[]): Promise<void> =>
  waitFor(`words ${words.join()}`, async () => (await wordsWith(messenger, other)).join() === words.join());

const readAll = async (messenger: Messenger, other: Messenger): Promise<void> => {
  const all = await messenger.messages(conversationWith(await accountOf(other)));
  await messenger.markRead(all.filter(({ direction }) => direction === 'in'));
};

/** Whether any row of a vault holds a text. */
const holds = async (vault: Vault, text: string): Promise<TableName[]> => {
  const tables = ['messages', 'putAway', 'conversations', 'sentIds', 'outbox', 'annotations'] as const;
  const found: TableName[] = [];
  for (const table of tables) {
    const rows = await vault.list(table, { limit: 10_000 });
    const isThere = rows.some(({ value }) =>
      JSON.stringify(value, (_, each: unknown) =>
        each instanceof Uint8Array ? new TextDecoder().decode(each) : each,
      ).includes(text),
    );
    if (isThere) found.push(table);
  }
  return found;
};

describe('of two choices of a timer', () => {
  test('the later one stands, in whatever order they are heard', () => {
    const [one, two] = [
      { seconds: 30, id: 'a' },
      { seconds: null, id: 'b' },
    ];
    for (const both of [standingTimer(one, two), standingTimer(two, one)]) expect(both).toEqual(two);
    // A liar says the same id twice.
    const other = { seconds: 60, id: 'a' };
    for (const both of [standingTimer(one, other), standingTimer(other, one)]) expect(both).toEqual(one);
  });
});

test('a timer is known to both and to all of their devices, those that come later too', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const alice2 = await scene.device('alice');
  await bob.sendText(aliceId, 'hello');
  await alice.sendText(bobId, 'hi');
  for (const device of [alice, alice2, bob])
    await waitFor('both', async () => (await wordsWith(device, device === bob ? alice : bob)).length === 2);
  await bob.setMessageTimer(conversationWith(aliceId), 3600);
  for (const device of [alice, alice2]) await waitForTimer(device, bob, 3600);
  expect(await timerWith(bob, alice)).toBe(3600);
  for (const device of [alice, alice2]) expect(await linesWith(device, bob)).toEqual([3600]);
  // It is a line and no message: nothing is unread.
  const row = (await alice.conversations()).find(({ id }) => id === conversationWith(bobId));
  expect(row).toMatchObject({ unread: 1, preview: { kind: 'timer', direction: 'in' } });
  // The same once more changes nothing.
  await alice2.setMessageTimer(conversationWith(bobId), 3600);
  await alice2.setMessageTimer(conversationWith(bobId), null);
  for (const device of [alice, alice2]) await waitForTimer(device, bob, null);
  await waitForTimer(bob, alice, null);
  expect(await linesWith(bob, alice)).toEqual([3600, null]);
  await alice.setMessageTimer(conversationWith(bobId), 30);
  await waitForTimer(bob, alice, 30);
  const alice3 = await scene.device('alice');
  await bob.sendText(aliceId, 'to all');
  await waitForTimer(alice3, bob, 30);
  expect(await wordsWith(alice3, bob)).toEqual(['to all']);
  const [last] = (await alice3.messages(conversationWith(bobId))).slice(-1);
  expect(last).toMatchObject({ text: 'to all', timer: 30 });
  expect(last).not.toHaveProperty('expiresAt');
  for (const seconds of [0, -1, 1.5, NaN, 4 * 7 * 24 * 3600 + 1])
    await expect(alice.setMessageTimer(conversationWith(bobId), seconds)).rejects.toMatchObject({
      code: 'bad-timer',
    });
  expect(await timerWith(alice, bob)).toBe(30);
});

test('who has not heard of a choice hears of it with the next message', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby', { vault })];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const forget = (): Promise<void> => vault.commit([{ table: 'timers', key: aliceId, value: undefined }]);
  for (const seconds of [3600, null]) {
    await alice.setMessageTimer(conversationWith(bobId), seconds);
    await waitForTimer(bob, alice, seconds);
    await forget();
    await alice.sendText(bobId, `after ${seconds}`);
    await waitFor('the timer', async () => {
      const row = readRow('timers', await vault.get('timers', aliceId));
      return row !== undefined && row.seconds === seconds;
    });
  }
});

test('what both choose at once comes to the same on all devices', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const devices = [alice, await scene.device('alice')];
  const bobs = [bob, await scene.device('bobby')];
  await alice.sendText(bobId, 'hello');
  for (const each of bobs) await waitForWords(each, alice, ['hello']);
  await bob.sendText(aliceId, 'hi');
  for (const each of devices) await waitForWords(each, bob, ['hello', 'hi']);
  for (const each of [...devices, ...bobs]) each.stop();
  for (const [index, each] of devices.entries())
    await each.setMessageTimer(conversationWith(bobId), 100 + index);
  for (const [index, each] of bobs.entries())
    await each.setMessageTimer(conversationWith(aliceId), 200 + index);
  for (const each of [...bobs, ...devices].reverse()) await each.start();
  const timers = async (): Promise<(number | null)[]> =>
    Promise.all([
      ...devices.map((each) => timerWith(each, bob)),
      ...bobs.map((each) => timerWith(each, alice)),
    ]);
  const lines = async (): Promise<number[]> =>
    Promise.all([
      ...devices.map(async (each) => (await linesWith(each, bob)).length),
      ...bobs.map(async (each) => (await linesWith(each, alice)).length),
    ]);
  await waitFor('all to have heard all', async () => (await lines()).every((count) => count === 4));
  // The one with the latest id: which that is, their clocks say, to the millisecond.
  const [one, ...others] = await timers();
  expect([100, 101, 200, 201]).toContain(one);
  expect(others).toEqual([one, one, one]);
});

test('a message goes from all devices, from when it was sent here, and from when it was read there', async () => {
  await using scene = await Scene.open();
  const [vaultA, vaultB] = [memoryVault(), memoryVault()];
  const alice = await scene.person('alice', { vault: vaultA });
  const bob = await scene.person('bobby', { vault: vaultB });
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const [alice2, bob2] = [await scene.device('alice'), await scene.device('bobby')];
  await alice.setMessageTimer(conversationWith(bobId), 1);
  await waitForTimer(bob, alice, 1);
  const sent = await alice.sendText(bobId, 'burn');
  await alice.editText(conversationWith(bobId), sent.id, 'burn this');
  for (const device of [bob, bob2]) await waitForWords(device, alice, ['burn this']);
  for (const device of [alice, alice2]) await waitForWords(device, bob, []);
  // Nobody has read it.
  expect(await wordsWith(bob, alice)).toEqual(['burn this']);
  expect(await bob.search('burn')).toHaveLength(1);
  const removed: unknown[] = [];
  bob.on('message-removed', (detail) => removed.push(detail));
  await readAll(bob2, alice);
  for (const device of [bob, bob2]) await waitForWords(device, alice, []);
  expect(removed).toEqual([expect.objectContaining({ author: aliceId, id: sent.id })]);
  expect(await bob.search('burn')).toEqual([]);
  const row = (await bob.conversations()).find(({ id }) => id === conversationWith(aliceId));
  expect(row).toMatchObject({ unread: 0, preview: { kind: 'timer', text: '' } });
  for (const vault of [vaultA, vaultB])
    await waitFor('no trace', async () => (await holds(vault, 'burn')).length === 0);
  expect(await vaultB.list('expiries', { limit: 10 })).toEqual([]);
  expect(await (await bob.exportData()).text()).not.toContain('burn');
});

test('the time of a message begins when it was read first, on whichever device', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const bobId = await accountOf(bob);
  const bob2 = await scene.device('bobby');
  await alice.setMessageTimer(conversationWith(bobId), 3600);
  await alice.sendText(bobId, 'once');
  for (const device of [bob, bob2]) await waitForWords(device, alice, ['once']);
  const expiry = async (device: Messenger): Promise<number | undefined> =>
    (await device.messages(conversationWith(await accountOf(alice)))).find(({ text }) => text === 'once')
      ?.expiresAt;
  expect(await expiry(bob)).toBeUndefined();
  await readAll(bob, alice);
  await waitFor('the other to have heard', async () => (await expiry(bob2)) !== undefined);
  expect(await expiry(bob2)).toBe(await expiry(bob));
  const bob3 = await scene.device('bobby');
  await readAll(bob2, alice);
  expect(await expiry(bob2)).toBe(await expiry(bob));
  expect(await wordsWith(bob3, alice)).toEqual([]);
});

test('what has disappeared does not come back when it is sent again, or comes again', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const bobId = await accountOf(bob);
  const envelopes: Envelope[] = [];
  scene.cluster.corrupt = ({ accountId }, envelope) => {
    if (accountId === bobId) envelopes.push(envelope);
    return envelope;
  };
  await alice.setMessageTimer(conversationWith(bobId), 1);
  const { id } = await alice.sendText(bobId, 'gone');
  await waitForWords(bob, alice, ['gone']);
  await readAll(bob, alice);
  await waitForWords(bob, alice, []);
  await waitForWords(alice, bob, []);
  const conversation = conversationWith(bobId);
  await expect(alice.retry(conversation, id)).rejects.toMatchObject({ code: 'not-found' });
  await expect(alice.react(conversation, { author: await accountOf(alice), id }, '👍')).rejects.toMatchObject(
    {
      code: 'not-found',
    },
  );
  // A node gives it once more, as another one: bob asks for it again, and nobody has it.
  const repeated = new Promise((resolve) => bob.on('undecryptable', resolve));
  for (const [index, envelope] of envelopes.entries())
    scene.cluster.push(bobId, 1, {
      type: 'envelope',
      envelope: { ...envelope, id: mintMessageId(envelope.sentAt + 1 + index, new Uint8Array(10)) },
    });
  await repeated;
  await alice.setMessageTimer(conversation, null);
  await alice.sendText(bobId, 'after');
  await waitForWords(bob, alice, ['after']);
});

test('it is gone at the start, before anything is shown, when its time was over while nobody was there', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const vault = { ...disk, close: () => Promise.resolve() };
  const alice = await scene.person('alice');
  const bob = await scene.person('bobby', { vault });
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await alice.setMessageTimer(conversationWith(bobId), 3600);
  await alice.sendText(bobId, 'while you were away');
  await waitForWords(bob, alice, ['while you were away']);
  await readAll(bob, alice);
  await bob[Symbol.asyncDispose]();

  // Without a server there is one clock alone: nobody is shown it, and it is not destroyed.
  const later = machine();
  later.set(2 * HOUR_MS);
  const again = scene.messenger({ vault, now: later.now, monotonic: later.monotonic });
  expect(await wordsWith(again, alice)).toEqual([]);
  expect(await again.search('while')).toEqual([]);
  expect(await holds(vault, 'while you')).toEqual(['putAway']);
  // The clock was wrong.
  await again.start();
  await live(again);
  later.set(0);
  await waitForWords(again, alice, ['while you were away']);
  expect(await holds(vault, 'while you')).not.toContain('putAway');
  // Time passes, and a server says so too.
  later.pass(2 * HOUR_MS);
  scene.cluster.clockOffsetMs = 2 * HOUR_MS;
  again.stop();
  await again.start();
  await live(again);
  await waitFor('gone', async () => (await holds(vault, 'while you')).length === 0);
  await again.deleteConversation(conversationWith(aliceId));
});

test('a disk that is full when it should go keeps nobody from their messages, and it goes when there is room', async () => {
  await using scene = await Scene.open();
  const disk: Vault = { ...memoryVault(), close: () => Promise.resolve() };
  const alice = await scene.person('alice');
  const bob = await scene.person('bobby', { vault: disk });
  const bobId = await accountOf(bob);
  await alice.sendText(bobId, 'this stays');
  await waitForWords(bob, alice, ['this stays']);
  await alice.setMessageTimer(conversationWith(bobId), 3600);
  await alice.sendText(bobId, 'and this goes');
  await waitForWords(bob, alice, ['this stays', 'and this goes']);
  await readAll(bob, alice);
  await bob[Symbol.asyncDispose]();

  let isFull = true;
  const vault: Vault = {
    ...disk,
    commit: (changes) =>
      isFull ? Promise.reject(new DOMException('no room', 'QuotaExceededError')) : disk.commit(changes),
  };
  const later = machine();
  later.set(2 * HOUR_MS);
  const again = scene.messenger({ vault, now: later.now, monotonic: later.monotonic });
  const faults: unknown[] = [];
  again.on('fault', (fault) => faults.push(fault));
  expect(await wordsWith(again, alice)).toContain('this stays');
  expect(faults).toContainEqual(expect.objectContaining({ code: 'storage-full' }));
  isFull = false;
  await waitForWords(again, alice, ['this stays']);
});

test('a vault that is put back brings nothing back whose time is over', async () => {
  await using scene = await Scene.open();
  const disk: MemoryDisk = new Map();
  const clocks = machine();
  const options = { now: clocks.now, monotonic: clocks.monotonic };
  const alice = await scene.person('alice');
  const bob = await scene.person('bobby', { vault: memoryVault(disk), ...options });
  const bobId = await accountOf(bob);
  await alice.setMessageTimer(conversationWith(bobId), 3600);
  await alice.sendText(bobId, 'once');
  await waitForWords(bob, alice, ['once']);
  await readAll(bob, alice);
  const before: MemoryDisk = structuredClone(disk);
  clocks.pass(2 * HOUR_MS);
  scene.cluster.clockOffsetMs = 2 * HOUR_MS;
  bob.stop();
  await bob.start();
  await waitForWords(bob, alice, []);
  await bob[Symbol.asyncDispose]();

  const vault = memoryVault(before);
  expect(await holds(vault, 'once')).toContain('messages');
  const again = scene.messenger({ vault, ...options });
  expect(await wordsWith(again, alice)).toEqual([]);
  await again.start();
  await live(again);
  await waitFor('no trace', async () => (await holds(vault, 'once')).length === 0);
});

test('no clock alone destroys, and none keeps for ever', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  const clocks = machine();
  const alice = await scene.person('alice');
  const bob = await scene.person('bobby', { vault, now: clocks.now, monotonic: clocks.monotonic });
  const bobId = await accountOf(bob);
  await alice.setMessageTimer(conversationWith(bobId), 3600);
  await alice.sendText(bobId, 'precious');
  await waitForWords(bob, alice, ['precious']);
  await readAll(bob, alice);
  const isKept = async (): Promise<boolean> => (await holds(vault, 'precious')).length > 0;
  const reconnect = async (): Promise<void> => {
    bob.stop();
    await bob.start();
    await live(bob);
    // What is done at a connection has been done.
    await bob.conversations();
  };
  // This machine's clock is a day ahead.
  clocks.set(DAY_MS);
  await reconnect();
  expect(await isKept()).toBe(true);
  // The server's is.
  clocks.set(0);
  scene.cluster.clockOffsetMs = DAY_MS;
  await reconnect();
  expect(await isKept()).toBe(true);
  scene.cluster.clockOffsetMs = 0;
  await reconnect();
  await waitForWords(bob, alice, ['precious']);
  // This machine's is a year behind, and two hours are lived through.
  clocks.set(-365 * DAY_MS);
  await reconnect();
  expect(await isKept()).toBe(true);
  clocks.pass(2 * HOUR_MS);
  bob.stop();
  await bob.start();
  await waitFor('gone', async () => !(await isKept()));
});
