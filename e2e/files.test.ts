import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  conversationWith,
  createMessenger,
  type GivenFile,
  type Message,
  type MessengerOptions,
  type OpenedFile,
  type UploadProgress,
} from '@restante/client';
import { folderPartStore, libsignalRatchet, sqliteVault } from '@restante/client/node';
import { waitFor } from '@restante/testkit';
import {
  startTestCluster,
  TEST_PACE,
  TEST_PASSWORD,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

/** Files in messages: whoever reads a message has its files, whatever happened on the way. */

const MAX_MB = 10;

let cluster: TestCluster;
const folders = mkdtempSync(join(tmpdir(), 'restante-files-'));
beforeAll(async () => {
  cluster = await startTestCluster({ settings: { master: { BLOB_MAX_MB: String(MAX_MB) } } });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(folders, { recursive: true, force: true });
});
afterEach(() => cluster.heal());

const bytesOf = (size: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length: size }, (_, index) => ((index + seed) * 2_654_435_761) >>> 24);
const given = (name: string, bytes: Uint8Array, more: Partial<GivenFile> = {}): GivenFile => ({
  ...{ name, type: 'application/octet-stream', size: bytes.length },
  read: (from, to) => Promise.resolve(bytes.slice(from, to)),
  ...more,
});
const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.from(one).equals(other);
const gather = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const gathered: Uint8Array[] = [];
  for await (const piece of pieces) gathered.push(piece);
  return Buffer.concat(gathered);
};

type Traffic = {
  puts: number;
  gets: number;
  isDead: (url: string, method: string) => boolean;
  /** Parts that come from there have one bit changed. */
  isAltered: (url: string) => boolean;
};

const altered = async (answer: Response): Promise<Response> => {
  const bytes = new Uint8Array(await answer.arrayBuffer());
  bytes[bytes.length >> 1]! ^= 1;
  return new Response(bytes, answer);
};

/** Somebody who keeps files in a folder, and whose requests for parts are counted and can be cut off. */
const somebody = async (
  name: string,
): Promise<{ person: Person; traffic: Traffic; folder: string; enter: () => Promise<void> }> => {
  const traffic: Traffic = { puts: 0, gets: 0, isDead: () => false, isAltered: () => false };
  const cutOff: typeof fetch = async (input, init) => {
    const [url, method] = [input instanceof Request ? input.url : input.toString(), init?.method ?? 'GET'];
    if (traffic.isDead(url, method)) throw new TypeError('cut off');
    const answer = await fetch(input, init);
    if (!/\/blobs\/[^/]+\/\d+/.test(url) || !answer.ok) return answer;
    traffic[method === 'PUT' ? 'puts' : 'gets'] += 1;
    return method === 'GET' && traffic.isAltered(url) ? altered(answer) : answer;
  };
  const person = await cluster.person(name, cluster.masters, { fetch: cutOff });
  const folder = join(folders, person.username);
  const options = (): Partial<MessengerOptions> => ({ parts: folderPartStore(folder) });
  const enter = (): Promise<void> => person.enterLive(options());
  await enter();
  return { person, traffic, folder, enter };
};

const withFiles = async (reader: Person, from: Person): Promise<Message[]> =>
  (await reader.messenger().messages(conversationWith(from.address.accountId))).filter(({ files }) => files);
const hasCome = (reader: Person, from: Person, count = 1): Promise<Message[]> =>
  waitFor(`${reader.username} to have files`, async () => {
    const found = await withFiles(reader, from);
    return found.length >= count ? found : null;
  });
const open = (reader: Person, author: Person, message: Message, index = 0): Promise<OpenedFile> =>
  reader
    .messenger()
    .openFile(message.conversation, { author: author.address.accountId, id: message.id }, index);
const sendTo = (from: Person, to: Person, files: readonly GivenFile[], options = {}): Promise<Message> =>
  from.messenger().sendFiles(to.address.accountId, files, options);
const inState = (person: Person, message: Message, state: Message['state']): Promise<Message> =>
  waitFor(`the message to be ${state}`, async () => {
    const now = await person.find(message);
    return now.state === state ? now : null;
  });
/** What is kept of files. */
const kept = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

test('what is said of a message that waits for its files goes out behind it', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  alice.traffic.isDead = (url, method) => method === 'PUT' && url.includes('/blobs/');
  const sent = await sendTo(alice.person, bob.person, [given('a', bytesOf(9))], { text: 'from the see' });
  const self = alice.person.address.accountId;
  const messenger = alice.person.messenger();
  await messenger.editText(sent.conversation, sent.id, 'from the sea');
  await messenger.react(sent.conversation, { author: self, id: sent.id }, '🌊');
  expect(await alice.person.outboxSize()).toBe(0);
  alice.traffic.isDead = () => false;
  const [message] = await hasCome(bob.person, alice.person);
  const whole = await waitFor('all that was said of it', async () => {
    const now = await bob.person.find(message!);
    return now.edited && now.reactions?.[self] ? now : null;
  });
  expect(whole).toMatchObject({
    ...{ id: sent.id, text: 'from the sea', edited: { former: [{ text: 'from the see' }] } },
    reactions: { [self]: { emoji: '🌊' } },
  });
});

test('what is sent is what is read: bytes, name, type, size, and what was said to it', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const told: UploadProgress[] = [];
  alice.person.messenger().on('upload', (progress) => told.push(progress));
  const [picture, note, nothing] = [bytesOf(3_000_000), bytesOf(700, 9), new Uint8Array(0)];
  const sent = await sendTo(
    alice.person,
    bob.person,
    [
      given('../holi\u202Eday.jpg', picture, {
        ...{ type: 'image/jpeg', width: 4_000, height: 3_000 },
        preview: bytesOf(2_000, 3),
      }),
      given('note.txt', note, { type: 'text/plain' }),
      given('nothing', nothing),
    ],
    { text: 'from the sea' },
  );
  expect(sent).toMatchObject({ kind: 'text', state: 'queued', text: 'from the sea' });
  const [message] = await hasCome(bob.person, alice.person);
  expect(message).toMatchObject({
    ...{ id: sent.id, kind: 'text', text: 'from the sea', direction: 'in' },
    files: [
      { name: '_holiday.jpg', type: 'image/jpeg', size: 3_000_000, width: 4_000, height: 3_000 },
      { name: 'note.txt', type: 'text/plain', size: 700 },
      { name: 'nothing', size: 0 },
    ],
  });
  expect(message!.files![0]!.preview).toBe(Buffer.from(bytesOf(2_000, 3)).toString('base64'));
  for (const [index, bytes] of [picture, note, nothing].entries()) {
    const opened = await open(bob.person, alice.person, message!, index);
    expect(isSame(await gather(opened.whole()), bytes)).toBe(true);
  }
  const opened = await open(bob.person, alice.person, message!);
  expect(
    isSame(await gather(opened.range(1_048_000, 1_049_000)), picture.subarray(1_048_000, 1_049_000)),
  ).toBe(true);
  const last = told.at(-1)!;
  expect(last.storedBytes).toBe(last.bytes);
  expect(await inState(alice.person, sent, 'delivered')).toMatchObject({ copies: expect.any(Number) });
  // What was read once is here.
  const { gets } = bob.traffic;
  bob.traffic.isDead = (url) => url.includes('/blobs');
  await gather((await open(bob.person, alice.person, message!)).whole());
  expect(bob.traffic.gets).toBe(gets);
  await cluster.empty(bob.person);
});

test('a message comes when its files are there, and what is written meanwhile does not wait', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  alice.traffic.isDead = (url, method) => method === 'PUT' && url.includes('/blobs/');
  const told: UploadProgress[] = [];
  alice.person.messenger().on('upload', (progress) => told.push(progress));
  const file = bytesOf(2_500_000);
  const sent = await sendTo(alice.person, bob.person, [given('film', file)]);
  await alice.person.sendAccepted(bob.person, 'a film follows');
  await bob.person.seesLast(alice.person, 'a film follows');
  await waitFor('it to say that it waits', () => told.some(({ waits }) => waits === 'unreachable'));
  expect(await withFiles(bob.person, alice.person)).toEqual([]);
  expect((await alice.person.find(sent)).state).toBe('queued');
  alice.traffic.isDead = () => false;
  const [message] = await hasCome(bob.person, alice.person);
  expect(isSame(await gather((await open(bob.person, alice.person, message!)).whole()), file)).toBe(true);
  // It stands where it was written.
  const order = await bob.person.messenger().messages(conversationWith(alice.person.address.accountId));
  expect(order.map(({ text, files }) => files?.[0]?.name ?? text)).toEqual(['film', 'a film follows']);
});

test('what was begun is gone on with after a restart: no part is sent twice', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const file = bytesOf(9_000_000);
  alice.traffic.isDead = (url, method) =>
    method === 'PUT' && url.includes('/blobs/') && alice.traffic.puts >= 3;
  await sendTo(alice.person, bob.person, [given('film', file)]);
  await waitFor('some parts', () => alice.traffic.puts >= 3);
  await alice.person.leave();
  const before = alice.traffic.puts;
  alice.traffic.isDead = () => false;
  await alice.enter();
  const [message] = await hasCome(bob.person, alice.person);
  expect(isSame(await gather((await open(bob.person, alice.person, message!)).whole()), file)).toBe(true);
  const parts = Math.ceil(message!.files![0]!.size / (1024 * 1024 - 16));
  expect(before).toBeLessThan(parts);
  expect(alice.traffic.puts).toBeLessThanOrEqual(parts + 1);
});

test('pausing lasts over a restart; taking back what is not sent yet leaves nothing anywhere', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  alice.traffic.isDead = (url, method) =>
    method === 'PUT' && url.includes('/blobs/') && alice.traffic.puts >= 1;
  const sent = await sendTo(alice.person, bob.person, [given('film', bytesOf(5_000_000))]);
  await waitFor('a part', () => alice.traffic.puts >= 1);
  await alice.person.messenger().pauseUpload(sent.id, true);
  alice.traffic.isDead = () => false;
  await alice.person.leave();
  const told: UploadProgress[] = [];
  const { puts } = alice.traffic;
  await alice.person.enter({ parts: folderPartStore(alice.folder) });
  alice.person.messenger().on('upload', (progress) => told.push(progress));
  await alice.person.sendAccepted(bob.person, 'later');
  expect(alice.traffic.puts).toBe(puts);
  await alice.person.messenger().deleteForEveryone(sent.conversation, sent.id);
  await waitFor('nothing to be kept', () => kept(alice.folder).length === 0);
  await bob.person.seesLast(alice.person, 'later');
  expect(await withFiles(alice.person, bob.person)).toEqual([]);
  expect(await withFiles(bob.person, alice.person)).toEqual([]);

  // And one that is let go on arrives.
  const other = await sendTo(alice.person, bob.person, [given('note', bytesOf(400))]);
  await alice.person.messenger().pauseUpload(other.id, false);
  await hasCome(bob.person, alice.person);
});

test('a file that is taken back goes from both devices; its words can be edited, and it is reacted to', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const sent = await sendTo(alice.person, bob.person, [given('plan.pdf', bytesOf(5_000))], {
    text: 'teh plan',
  });
  const [message] = await hasCome(bob.person, alice.person);
  await gather((await open(bob.person, alice.person, message!)).whole());
  await waitFor('it to be kept', () => kept(bob.folder).length === 1);
  await inState(alice.person, sent, 'delivered');
  await alice.person.messenger().editText(sent.conversation, sent.id, 'the plan');
  await bob.person
    .messenger()
    .react(message!.conversation, { author: alice.person.address.accountId, id: sent.id }, '👍');
  await waitFor('both to see that', async () => {
    const [atBob] = await withFiles(bob.person, alice.person);
    const atAlice = await alice.person.find(sent);
    return atBob?.text === 'the plan' && Object.keys(atAlice.reactions ?? {}).length === 1;
  });
  expect((await alice.person.find(sent)).files?.[0]?.name).toBe('plan.pdf');
  await alice.person.messenger().deleteForEveryone(sent.conversation, sent.id);
  await waitFor('it to go from both', () => kept(alice.folder).length === 0 && kept(bob.folder).length === 0);
  expect(await withFiles(bob.person, alice.person)).toEqual([]);
});

test('what this device has lost before it was stored fails, and says so', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  alice.traffic.isDead = (url) => url.includes('/blobs');
  const sent = await sendTo(alice.person, bob.person, [given('film', bytesOf(2_000_000))]);
  rmSync(alice.folder, { recursive: true });
  alice.traffic.isDead = () => false;
  expect(await inState(alice.person, sent, 'failed')).toMatchObject({ failure: 'file-lost' });
  await alice.person.messenger().retry(sent.conversation, sent.id);
  expect(await inState(alice.person, sent, 'failed')).toMatchObject({ failure: 'file-lost' });
});

test('a node that loses what it has, and one that is away, keep nobody from reading', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const file = bytesOf(4_000_000);
  await sendTo(alice.person, bob.person, [given('film', file)]);
  const [message] = await hasCome(bob.person, alice.person);
  await cluster.killCouch(1);
  cluster.links.isolate('node2');
  expect(isSame(await gather((await open(bob.person, alice.person, message!)).whole()), file)).toBe(true);
});

/** Pieces from there to the end, as a player asks for them; `after`: what happens before the second one. */
const play = async (
  opened: OpenedFile,
  from: number,
  after = () => Promise.resolve(),
): Promise<Uint8Array> => {
  const played: Uint8Array[] = [];
  for (let at = from; at < opened.size;) {
    if (played.length === 1) await after();
    const piece = await opened.piece(at);
    if (piece.length === 0) throw new Error(`nothing at ${at}`);
    played.push(piece);
    at += piece.length;
  }
  return Buffer.concat(played);
};

test('a film is played from its middle by the parts that are needed, and is here when all of it has been played', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const film = bytesOf(5_000_000);
  const sent = await sendTo(alice.person, bob.person, [given('film', film)]);
  // Its author plays what is kept, also before anybody else can.
  expect(
    isSame(await play(await open(alice.person, alice.person, sent), 3_000_000), film.subarray(3_000_000)),
  ).toBe(true);
  const [message] = await hasCome(bob.person, alice.person);
  const before = bob.traffic.gets;
  const opened = await open(bob.person, alice.person, message!);
  const middle = await opened.piece(2_500_000);
  expect(isSame(middle, film.subarray(2_500_000, 2_500_000 + middle.length))).toBe(true);
  expect(bob.traffic.gets).toBe(before + 1);
  // Whoever comes back for a piece has it from here, and asks for no other ticket.
  let asked = 0;
  bob.traffic.isDead = () => {
    asked += 1;
    return true;
  };
  const again = await open(bob.person, alice.person, message!);
  expect(isSame(await again.piece(2_500_000), middle)).toBe(true);
  expect(asked).toBe(0);
  await expect(again.piece(0)).rejects.toMatchObject({ code: 'unreachable' });
  bob.traffic.isDead = () => false;

  expect(isSame(await play(again, 0), film)).toBe(true);
  expect(bob.traffic.gets).toBe(before + 5);
  bob.traffic.isDead = (url) => url.includes('/blobs');
  expect(isSame(await gather((await open(bob.person, alice.person, message!)).whole()), film)).toBe(true);
  expect(bob.traffic.gets).toBe(before + 5);
});

test('a film goes on playing when a node gives something else, and when one goes away in its middle', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const film = bytesOf(4_000_000);
  await sendTo(alice.person, bob.person, [given('film', film), given('other', film)]);
  const [message] = await hasCome(bob.person, alice.person);
  const used: string[] = [];
  bob.traffic.isAltered = (url) => {
    const { origin } = new URL(url);
    if (!used.includes(origin)) used.push(origin);
    return origin === used[0];
  };
  expect(isSame(await play(await open(bob.person, alice.person, message!), 0), film)).toBe(true);
  expect(used.length).toBeGreaterThan(1);
  bob.traffic.isAltered = () => false;

  let gone: string | null = null;
  let last = '';
  bob.traffic.isDead = (url) => {
    const { origin, pathname } = new URL(url);
    if (!pathname.startsWith('/blobs/')) return false;
    if (origin === gone) return true;
    last = origin;
    return false;
  };
  const other = await open(bob.person, alice.person, message!, 1);
  const goAway = (): Promise<void> => {
    gone = last;
    return Promise.resolve();
  };
  expect(isSame(await play(other, 0, goAway), film)).toBe(true);
  expect(gone).not.toBeNull();
  expect(last).not.toBe(gone);

  bob.traffic.isDead = () => false;
  await cluster.empty(bob.person);
});

test('what cannot be sent is refused by name, and nothing is kept of it', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const bad = { code: 'bad-files' };
  const small = given('small', bytesOf(10));
  await expect(sendTo(alice.person, bob.person, [])).rejects.toMatchObject(bad);
  await expect(
    sendTo(
      alice.person,
      bob.person,
      Array.from({ length: 11 }, () => small),
    ),
  ).rejects.toMatchObject(bad);
  await expect(
    sendTo(alice.person, bob.person, [given('picture', bytesOf(10), { preview: bytesOf(8_193) })]),
  ).rejects.toMatchObject(bad);
  await expect(
    sendTo(alice.person, bob.person, [given('large', bytesOf(10), { size: 2 ** 40 })]),
  ).rejects.toMatchObject(bad);
  await expect(
    sendTo(alice.person, bob.person, [
      given('changing', bytesOf(10), { read: () => Promise.resolve(new Uint8Array(3)) }),
    ]),
  ).rejects.toMatchObject({ code: 'content-changed' });
  expect(kept(alice.folder)).toEqual([]);
  // Larger than the operator lets through.
  const large = given('large', new Uint8Array(0), {
    size: (MAX_MB + 1) * 1024 * 1024,
    read: (from, to) => Promise.resolve(new Uint8Array(to - from)),
  });
  const sent = await sendTo(alice.person, bob.person, [large]);
  expect(await inState(alice.person, sent, 'failed')).toMatchObject({ failure: 'payload-too-large' });
});

test('what files take is told by conversation, and removed but for what is to be sent; what was read comes again', async () => {
  const [alice, bob, carol] = [await somebody('alice'), await somebody('bob'), await somebody('carol')];
  const [film, note] = [bytesOf(3_000_000), bytesOf(400)];
  const sent = await sendTo(alice.person, bob.person, [given('film', film), given('note', note)]);
  const [message] = await hasCome(bob.person, alice.person);
  await sendTo(carol.person, bob.person, [given('other', note)]);
  const [other] = await hasCome(bob.person, carol.person);
  expect(await bob.person.messenger().storedFiles()).toEqual([]);
  await gather((await open(bob.person, alice.person, message!)).whole());
  await gather((await open(bob.person, carol.person, other!)).whole());
  const [first, second] = await bob.person.messenger().storedFiles();
  expect([first, second]).toMatchObject([
    { conversation: message!.conversation, files: 1 },
    { conversation: other!.conversation, files: 1 },
  ]);
  expect(first!.bytes).toBeGreaterThanOrEqual(film.length);
  await bob.person.messenger().removeStoredFiles(message!.conversation);
  expect(await bob.person.messenger().storedFiles()).toEqual([second]);
  expect(isSame(await gather((await open(bob.person, alice.person, message!)).whole()), film)).toBe(true);

  await inState(alice.person, sent, 'delivered');
  alice.traffic.isDead = (url, method) => method === 'PUT' && url.includes('/blobs/');
  await sendTo(alice.person, bob.person, [given('later', film)]);
  expect(await alice.person.messenger().storedFiles()).toMatchObject([{ files: 2 }]);
  await alice.person.messenger().removeStoredFiles(sent.conversation);
  expect(await alice.person.messenger().storedFiles()).toEqual([]);
  alice.traffic.isDead = () => false;
  const [, later] = await hasCome(bob.person, alice.person, 2);
  expect(isSame(await gather((await open(bob.person, alice.person, later!)).whole()), film)).toBe(true);
});

test('the same request twice sends one message', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const requestId = '01a22a95-4be9-7d2a-9e90-2f09d249eb6b';
  const file = given('note', bytesOf(400));
  const [first, second] = await Promise.all([
    sendTo(alice.person, bob.person, [file], { requestId }),
    sendTo(alice.person, bob.person, [file], { requestId }),
  ]);
  expect(second.id).toBe(first.id);
  expect((await sendTo(alice.person, bob.person, [file], { requestId })).id).toBe(first.id);
  await hasCome(bob.person, alice.person);
  expect(kept(alice.folder)).toHaveLength(1);
  expect(await withFiles(alice.person, bob.person)).toHaveLength(1);
});

const inAnotherBlob = (reader: Person, message: Message): Promise<Message> =>
  waitFor('the file to be in another blob', async () => {
    const now = await reader.find(message);
    return now.files?.[0]?.blob?.id === message.files?.[0]?.blob?.id ? null : now;
  });

test('a file that no node has any more is asked for, and its author stores it again', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const film = bytesOf(3_000_000);
  const sent = await sendTo(alice.person, bob.person, [given('film', film)]);
  const [message] = await hasCome(bob.person, alice.person);
  await inState(alice.person, sent, 'delivered');
  await bob.person.messenger().setStanding(alice.person.address.accountId, 'accepted');
  await cluster.deleteBlobs();
  await expect(gather((await open(bob.person, alice.person, message!)).whole())).rejects.toMatchObject({
    code: 'not-found',
  });
  await alice.person.messenger().setStanding(bob.person.address.accountId, 'accepted');
  // Nodes are away while it is stored again, and the author's device ends meanwhile: it goes on.
  const before = alice.traffic.puts;
  alice.traffic.isDead = (url, method) =>
    method === 'PUT' && url.includes('/blobs/') && alice.traffic.puts > before;
  const target = { author: alice.person.address.accountId, id: message!.id };
  await bob.person.messenger().askForFile(message!.conversation, target, 0);
  expect((await bob.person.find(message!)).files?.[0]?.askedAt).toEqual(expect.any(Number));
  await waitFor('a part', () => alice.traffic.puts > before);
  await alice.person.leave();
  alice.traffic.isDead = () => false;
  await alice.enter();
  const moved = await inAnotherBlob(bob.person, message!);
  expect(moved.files?.[0]).not.toHaveProperty('askedAt');
  expect(moved.files?.[0]?.blob?.digest).toBe(message!.files?.[0]?.blob?.digest);
  expect(isSame(await gather((await open(bob.person, alice.person, moved)).whole()), film)).toBe(true);
  expect((await alice.person.find(sent)).files).toEqual(moved.files);
});

test('an own device that has a file stores it again for the others, and tells nobody else', async () => {
  const [alice, bob] = [await somebody('alice'), await somebody('bob')];
  const film = bytesOf(1_500_000);
  const sent = await sendTo(alice.person, bob.person, [given('film', film)]);
  await hasCome(bob.person, alice.person);
  await bob.person.messenger().setStanding(alice.person.address.accountId, 'accepted');
  await using other = createMessenger({
    ...{ masters: cluster.masters, ratchet: libsignalRatchet(), ...TEST_PACE },
    vault: sqliteVault(join(folders, 'second.sqlite')),
  });
  await other.login({ username: bob.person.username, password: TEST_PASSWORD, deviceName: 'second' });
  await other.start();
  await waitFor('it to be let in', async () => {
    const [waiting] = await bob.person.messenger().waitingDevices();
    if (waiting) await bob.person.messenger().letDeviceIn(waiting);
    return (await other.listing()) === 'listed';
  });
  const later = await sendTo(alice.person, bob.person, [given('later', film)]);
  const [, atFirst] = await hasCome(bob.person, alice.person, 2);
  const target = { author: alice.person.address.accountId, id: later.id };
  const atOther = (): Promise<Message | null> =>
    other.messages(atFirst!.conversation).then((all) => all.find(({ id }) => id === later.id) ?? null);
  await waitFor('the other device to have it', atOther);
  await gather((await open(bob.person, alice.person, atFirst!)).whole());
  // Its author has the file no more.
  await alice.person.messenger().removeStoredFiles(sent.conversation);
  await cluster.deleteBlobs();
  await other.askForFile(atFirst!.conversation, target, 0);
  const moved = await inAnotherBlob(bob.person, atFirst!);
  await waitFor('the other device to know', async () =>
    (await atOther())?.files?.[0]?.blob?.id === moved.files?.[0]?.blob?.id ? true : null,
  );
  const opened = await other.openFile(atFirst!.conversation, target, 0);
  expect(isSame(await gather(opened.whole()), film)).toBe(true);
  expect((await alice.person.find(later)).files).toEqual(atFirst!.files);
});
