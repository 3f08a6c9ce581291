import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  conversationWith,
  createMessenger,
  type HistoryProgress,
  type Message,
  type Messenger,
} from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import { waitFor } from '@restante/testkit';
import {
  startTestCluster,
  TEST_PACE,
  TEST_PASSWORD,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

/** A new device has what the other devices of its account have, whatever happened on the way. */

let cluster: TestCluster;
const folder = mkdtempSync(join(tmpdir(), 'restante-history-'));
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => cluster.heal());

/** Some 40 fill a part. */
const LONG = 'x'.repeat(25_000);
const TEXTS = 90;

let vaults = 0;
const another = (vault: string): Messenger =>
  createMessenger({
    ...{ masters: cluster.masters, ratchet: libsignalRatchet(), vault: sqliteVault(vault), ...TEST_PACE },
  });
const newVault = (): string => join(folder, `${(vaults += 1)}.sqlite`);
const letIn = async (person: Person, device: Messenger): Promise<void> => {
  await waitFor('it to be let in', async () => {
    for (const each of await person.messenger().waitingDevices()) await person.messenger().letDeviceIn(each);
    return (await device.listing()) === 'listed';
  });
};
const isDone = (device: Messenger): Promise<HistoryProgress> =>
  waitFor('all to have come', async () => {
    const progress = await device.historyProgress();
    return progress.state === 'done' ? progress : null;
  });
/** What a person sees, apart from how far it has been told. */
const seen = ({
  id,
  direction,
  text,
  kind,
  sentAt,
  reactions,
  edited,
  replyTo,
  starred,
  files,
}: Message) => ({
  ...{ id, direction, text, kind, sentAt, reactions, edited, replyTo, starred },
  files: files?.map(({ name, size, blob }) => ({ name, size, blob })),
});
const allOf = async (device: Messenger, other: Person): Promise<ReturnType<typeof seen>[]> =>
  (await device.messages(conversationWith(other.address.accountId), { limit: 500 })).map(seen);

/** Two people who have written to each other. */
const talk = async (): Promise<{ readonly alice: Person; readonly bob: Person }> => {
  const [alice, bob] = await Promise.all([cluster.person('alice'), cluster.person('bob')]);
  await Promise.all([alice.enterLive(), bob.enterLive()]);
  for (let index = 0; index < TEXTS; index += 1) {
    const [from, to] = index % 2 === 0 ? [alice, bob] : [bob, alice];
    await from.send(to, `${index} ${LONG}`);
  }
  const last = await alice.sendAccepted(bob, 'the last one');
  await bob.seesLast(alice, 'the last one');
  const withAlice = conversationWith(alice.address.accountId);
  await bob.messenger().react(withAlice, { author: alice.address.accountId, id: last.id }, '👍');
  await alice.messenger().editText(last.conversation, last.id, 'the very last one');
  await bob.messenger().setStarred(withAlice, [{ author: alice.address.accountId, id: last.id }], true);
  await waitFor('the edit', async () => (await allOf(bob.messenger(), alice)).at(-1)?.edited !== undefined);
  return { alice, bob };
};

test('a new device shows every message as the other one does, finds them, and opens their files', async () => {
  const { alice, bob } = await talk();
  const bytes = new TextEncoder().encode('what was said in March');
  const sent = await alice.messenger().sendFiles(bob.address.accountId, [
    {
      name: 'minutes.txt',
      type: 'text/plain',
      size: bytes.length,
      read: (from, to) => Promise.resolve(bytes.slice(from, to)),
    },
  ]);
  await waitFor('the file', async () => (await allOf(bob.messenger(), alice)).at(-1)?.files !== undefined);
  const here = await allOf(bob.messenger(), alice);
  const hidden = here[5]!;
  await bob
    .messenger()
    .deleteForMe(conversationWith(alice.address.accountId), [
      { author: hidden.direction === 'in' ? alice.address.accountId : bob.address.accountId, id: hidden.id },
    ]);

  await using device = another(newVault());
  await device.login({ username: bob.username, password: TEST_PASSWORD, deviceName: 'new', history: true });
  const told: HistoryProgress[] = [];
  device.on('history', (progress) => told.push(progress));
  await device.start();
  expect(await device.historyProgress()).toEqual({ state: 'asking', messages: 0, total: 0 });
  await letIn(bob, device);
  expect(await isDone(device)).toMatchObject({ messages: TEXTS + 1, total: TEXTS + 1 });
  expect(await allOf(device, alice)).toEqual(await allOf(bob.messenger(), alice));
  expect(told.map(({ messages }) => messages)).toEqual(
    told.map(({ messages }) => messages).toSorted((a, b) => a - b),
  );
  const [conversation] = await device.conversations();
  expect(conversation).toMatchObject({
    username: alice.username,
    standing: 'accepted',
    preview: { id: sent.id },
  });
  expect((await device.search('very last')).map(({ id }) => id)).toHaveLength(1);
  expect(await device.starredMessages()).toHaveLength(1);
  const opened = await device.openFile(conversation!.id, { author: alice.address.accountId, id: sent.id }, 0);
  const pieces: Uint8Array[] = [];
  for await (const piece of opened.whole()) pieces.push(piece);
  expect(Buffer.concat(pieces).toString()).toBe('what was said in March');

  // What comes from now on comes to both, once.
  await alice.send(bob, 'from now on');
  await waitFor(
    'it at the new device',
    async () => (await allOf(device, alice)).at(-1)?.text === 'from now on',
  );
  await bob.seesLast(alice, 'from now on');
  expect(await allOf(device, alice)).toEqual(await allOf(bob.messenger(), alice));
});

test('it goes on over restarts of both devices, and with a database that is gone', async () => {
  const { alice, bob } = await talk();
  const vault = newVault();
  const first = another(vault);
  await first.login({ username: bob.username, password: TEST_PASSWORD, deviceName: 'new', history: true });
  await first.start();
  await letIn(bob, first);
  await waitFor('the first messages', async () => (await first.historyProgress()).messages > 0);
  await cluster.killCouch(1);
  await first[Symbol.asyncDispose]();
  await bob.leave();
  await bob.enterLive();
  await using device = another(vault);
  await device.start();
  await isDone(device);
  expect(await allOf(device, alice)).toEqual(await allOf(bob.messenger(), alice));
  expect(await allOf(device, alice)).toHaveLength(TEXTS + 1);
});

test('who puts it off is not asked, and takes it later, also from a third device', async () => {
  const { alice, bob } = await talk();
  await using second = another(newVault());
  await second.login({ username: bob.username, password: TEST_PASSWORD, deviceName: 'second' });
  await second.start();
  await letIn(bob, second);
  expect(await second.historyProgress()).toMatchObject({ state: 'none' });
  expect(await allOf(second, alice)).toEqual([]);
  await second.takeHistory();
  await isDone(second);
  await bob.leave();
  await using third = another(newVault());
  await third.login({ username: bob.username, password: TEST_PASSWORD, deviceName: 'third', history: true });
  await third.start();
  await waitFor('it to be let in', async () => {
    for (const each of await second.waitingDevices()) await second.letDeviceIn(each);
    return (await third.listing()) === 'listed';
  });
  await isDone(third);
  expect(await allOf(third, alice)).toEqual(await allOf(second, alice));
  expect(await allOf(third, alice)).toHaveLength(TEXTS + 1);
});
