import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLOCK_DOCUMENT, createAgreedTime, createConfirmedClock } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { randomKeys, randomName } from '../testing/test-device.model.ts';
import { silentLog, startTestDirectories, type TestDirectories } from '../testing/test-directory.model.ts';
import { followConfirmedTime } from './couch-clock.ts';
import { startCarriers } from './couch-carriers.ts';
import { createCouchDirectory } from './couch-directory.ts';
import { accountDocumentId, deviceDocumentId } from './directory-documents.ts';

type Asked = { readonly method: string; readonly path: string; readonly body: unknown };
type Answer = { readonly status: number; readonly body: unknown };
type Liar = AsyncDisposable & {
  readonly url: string;
  /** Answers in the place of the CouchDB, which does not see the request; or undefined. */
  instead: (asked: Asked) => Answer | undefined;
  /** Changes what the CouchDB has answered. */
  twist: (asked: Asked, answer: unknown) => unknown;
};

/** A CouchDB whose answers are somebody's who has it whole. */
const startLiar = async (url: string): Promise<Liar> => {
  const { origin, username, password } = new URL(url);
  const lies: Pick<Liar, 'instead' | 'twist'> = {
    instead: () => undefined,
    twist: (_asked, answer) => answer,
  };
  const answer = async (asked: Asked, headers: Headers): Promise<Answer> => {
    const { method, path, body } = asked;
    const lie = lies.instead(asked);
    if (lie) return lie;
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const given = await fetch(origin + path, { method, headers, ...init });
    return { status: given.status, body: lies.twist(asked, await given.json()) };
  };
  const server = createServer((request, response) => {
    void (async () => {
      const sent = await text(request);
      const asked: Asked = {
        method: request.method ?? 'GET',
        path: request.url ?? '/',
        body: sent === '' ? undefined : JSON.parse(sent),
      };
      const headers = new Headers({ accept: 'application/json', 'content-type': 'application/json' });
      headers.set('authorization', request.headers.authorization ?? '');
      const { status, body } = await answer(asked, headers);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(lies, {
    url: `http://${username}:${password}@127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
};

type Document = Record<string, unknown> & { readonly _id: string; readonly _rev: string };
type BulkGet = { readonly results: readonly { readonly id: string; readonly docs: readonly object[] }[] };

/** Law 12: the first CouchDB of the directory says what somebody likes. */
describe('a CouchDB of the directory that lies', () => {
  let directories: TestDirectories;
  let liar: Liar;
  let carriers: readonly AsyncDisposable[];
  const connectDirectory = () =>
    createCouchDirectory(directories.connect(liar.url, ...directories.urls.slice(1)), {
      now: Date.now,
      clock: { surely: Date.now, latest: Date.now },
      numberRestMs: 10,
      reader: directories.reader,
    });
  let directory: ReturnType<typeof connectDirectory>;

  beforeAll(async () => {
    directories = await startTestDirectories(3);
    liar = await startLiar(directories.urls[0]!);
    const servers = directories.connect(liar.url, ...directories.urls.slice(1));
    // Nobody resolves or restores: what is carried stays to be seen.
    carriers = startCarriers(servers, silentLog);
    directory = connectDirectory();
  });
  afterEach(() => {
    liar.instead = () => undefined;
    liar.twist = (_asked, answer) => answer;
  });
  afterAll(async () => {
    await Promise.all(carriers.map((carrier) => carrier[Symbol.asyncDispose]()));
    await directories[Symbol.asyncDispose]();
    await liar[Symbol.asyncDispose]();
  });

  const at = (index: number, path: string, method = 'GET', body?: unknown) =>
    directories.request(directories.urls[index]!, method, `${directories.database}/${path}`, body);
  const read = (index: number, id: string) =>
    at(index, encodeURIComponent(id)).catch(() => null) as Promise<Document | null>;
  const force = (index: number, ...docs: object[]) =>
    at(index, '_bulk_docs', 'POST', { docs, new_edits: false });
  const newAccount = async () => {
    const username = randomName();
    const keys = randomKeys(6);
    const device = { name: 'test', keys, secretHash: randomName() };
    const address = await directory.createAccount(username, `hash of ${username}`, device);
    const [account, own] = [accountDocumentId(address.accountId), deviceDocumentId(address)];
    const isAt = (index: number) =>
      Promise.all([read(index, account), read(index, own)]).then((found) => found.every(Boolean));
    await waitFor('it everywhere', async () => (await Promise.all([0, 1, 2].map(isAt))).every(Boolean));
    return { username, address, account, device: own, hash: `hash of ${username}` };
  };
  const hashAt = async (index: number, id: string) => (await read(index, id))?.['passwordHash'];
  const isEverywhere = async (id: string, hash: string) =>
    (await Promise.all([0, 1, 2].map((index) => hashAt(index, id)))).every((one) => one === hash);
  /** Everything that the first has is carried to the others. */
  const carried = async (): Promise<void> => {
    const id = accountDocumentId(crypto.randomUUID());
    const content = { username: randomName(), passwordHash: 'witness', createdAt: 1, updatedAt: 1 };
    const signed = directories.signatures.sign(id, 1, content);
    await force(0, { ...signed, _id: id, _rev: `1-${'b'.repeat(32)}` });
    await waitFor('a witness', () => isEverywhere(id, 'witness'));
  };
  /** Changes what it answers of these documents with all their leaves, which masters carry. */
  const twistLeaves = (change: (leaf: Document) => object): void => {
    liar.twist = ({ path }, answer) => {
      if (!path.includes('/_bulk_get')) return answer;
      const { results } = answer as BulkGet;
      const twisted = (one: object): object => ('ok' in one ? { ok: change(one.ok as Document) } : one);
      return { results: results.map(({ id, docs }) => ({ id, docs: docs.map(twisted) })) };
    };
  };

  it("gives nobody's account or device for another one's", async () => {
    const [victim, thief] = [await newAccount(), await newAccount()];
    await directory.changePassword(thief.address.accountId, 'theirs');
    await waitFor('the change everywhere', () => isEverywhere(thief.account, 'theirs'));
    const [account, device] = [await read(0, thief.account), await read(0, thief.device)];
    const answers = new Map([
      [victim.account, account],
      [victim.device, device],
    ]);
    liar.instead = ({ method, path }) => {
      const id = decodeURIComponent(path.split('?')[0]!.split('/').at(-1)!);
      const answer = method === 'GET' ? answers.get(id) : undefined;
      return answer ? { status: 200, body: answer } : undefined;
    };
    liar.twist = ({ path }, answer) => {
      if (!path.includes('/_all_docs') || !path.includes(victim.address.accountId)) return answer;
      const row = { id: thief.device, key: thief.device, value: { rev: device!._rev }, doc: device };
      return { ...(answer as object), rows: [row] };
    };
    expect(await directory.account(victim.address.accountId)).toMatchObject({ passwordHash: victim.hash });
    const { secretHash } = (await read(1, victim.device))!;
    expect(await directory.device(victim.address)).toMatchObject({ secretHash });
    expect(await directory.devices(victim.address.accountId)).toMatchObject([{ secretHash }]);
  });

  it('takes the place of nothing at the others by a history that it makes up', async () => {
    const { address, account, hash } = await newAccount();
    const old = (await read(0, account))!;
    await directory.changePassword(address.accountId, 'new');
    await waitFor('the change everywhere', () => isEverywhere(account, 'new'));
    const { _rev } = (await read(1, account))!;
    const ids = ['f'.repeat(32), _rev.slice(2), old._rev.slice(2)];
    // What was signed for the first generation, as if it were the third: under the one number, and the other.
    twistLeaves((leaf) =>
      leaf._id === account && leaf._rev.endsWith('f') ? { ...leaf, _revisions: { start: 3, ids } } : leaf,
    );
    await force(0, { ...old, _rev: `1-${ids[0]}` });
    await carried();
    for (const index of [1, 2])
      expect(await read(index, account)).toMatchObject({ _rev, passwordHash: 'new' });
    expect(await directory.account(address.accountId)).toMatchObject({ passwordHash: 'new' });
    expect(hash).not.toBe('new');
  });

  it('takes the place of nothing at the others by a later revision of what lost', async () => {
    const { address, account } = await newAccount();
    const base = (await read(0, account))!;
    await directory.changePassword(address.accountId, 'new');
    await waitFor('the change everywhere', () => isEverywhere(account, 'new'));
    const { _rev } = (await read(1, account))!;
    // A master signed it on the other side of a partition, and it lost there: it was changed more often, and earlier.
    const lost = { ...base, passwordHash: 'lost' };
    const history = { start: 4, ids: ['f'.repeat(32), 'e'.repeat(32), _rev.slice(2)] };
    twistLeaves((leaf) =>
      leaf._id === account && leaf._rev.startsWith('4-') ? { ...leaf, _revisions: history } : leaf,
    );
    await force(0, {
      ...directories.signatures.sign(account, 4, lost),
      _id: account,
      _rev: `4-${'f'.repeat(32)}`,
    });
    await carried();
    for (const index of [1, 2]) expect(await hashAt(index, account)).toBe('new');
    expect(await directory.account(address.accountId)).toMatchObject({ passwordHash: 'new' });
  });

  it('writes nothing at the others under an id that it was not asked for', async () => {
    const [victim, thief] = [await newAccount(), await newAccount()];
    const { _rev } = (await read(1, victim.account))!;
    await directory.changePassword(thief.address.accountId, 'theirs');
    await waitFor('the change everywhere', () => isEverywhere(thief.account, 'theirs'));
    const own = (await read(0, thief.account))!;
    const rev = `2-${'f'.repeat(32)}`;
    twistLeaves((leaf) =>
      leaf._id === thief.account && leaf._rev === rev
        ? { ...leaf, _id: victim.account, _revisions: { start: 2, ids: [rev.slice(2), _rev.slice(2)] } }
        : leaf,
    );
    await force(0, { ...own, _rev: rev });
    await carried();
    for (const index of [1, 2])
      expect(await read(index, victim.account)).toMatchObject({ _rev, passwordHash: victim.hash });
  });

  it('loses no change that it says it has written', async () => {
    const { address } = await newAccount();
    const second = await directory.addDevice(address.accountId, {
      name: 'second',
      keys: randomKeys(1),
      secretHash: randomName(),
    });
    liar.instead = ({ method, path, body }) => {
      const isWrite = method === 'POST' && path.split('?')[0] === `/${directories.database}`;
      if (!isWrite) return undefined;
      const { _id: id, _rev: before = '0-' } = body as Partial<Document>;
      const rev = `${Number.parseInt(before, 10) + 1}-${'c'.repeat(32)}`;
      return { status: 201, body: { ok: true, id, rev } };
    };
    await directory.changePassword(address.accountId, 'new');
    await directory.removeDevice({ ...address, deviceId: second });
    expect(await directory.account(address.accountId)).toMatchObject({ passwordHash: 'new' });
    expect(await directory.device({ ...address, deviceId: second })).toBeNull();
    expect(await hashAt(1, accountDocumentId(address.accountId))).toBe('new');

    const other = connectDirectory();
    const given = [
      (await directory.takeKeyBundle(address))!.bundle.preKey!.keyId,
      (await other.takeKeyBundle(address))!.bundle.preKey!.keyId,
    ];
    expect(new Set(given).size).toBe(2);
  });

  it('keeps nobody from a change by refusing it for what it goes on to show', async () => {
    const { address } = await newAccount();
    liar.instead = ({ method, path }) =>
      method === 'POST' && path.split('?')[0] === `/${directories.database}`
        ? { status: 409, body: { error: 'conflict', reason: 'Document update conflict.' } }
        : undefined;
    await directory.changePassword(address.accountId, 'new');
    expect(await directory.account(address.accountId)).toMatchObject({ passwordHash: 'new' });
    expect((await directory.takeKeyBundle(address))!.bundle.preKey).toBeDefined();
  });

  it('sets no clock alone', async () => {
    const now = Date.now();
    for (const [index, confirmedAt] of [4e12, now, now - 1000].entries()) {
      const path = `${directories.node}/${CLOCK_DOCUMENT}`;
      await directories.request(directories.urls[index]!, 'PUT', path, { confirmedAt });
    }
    const clock = createConfirmedClock(Date.now);
    const time = createAgreedTime({ nodes: 3, isNode: false, machine: Date.now });
    const servers = directories.connect(liar.url, ...directories.urls.slice(1));
    await using following = followConfirmedTime(servers, clock, time, silentLog);
    expect(following).toBeDefined();
    await waitFor('a time', () => clock.confirmed() !== null);
    expect(clock.confirmed()).toBe(now);
  });

  it('ends at a list without an end', async () => {
    const { address } = await newAccount();
    liar.twist = ({ path }, answer) => {
      if (!path.includes('/_all_docs') || !path.includes(address.accountId)) return answer;
      const { rows } = answer as { readonly rows: readonly object[] };
      return { ...(answer as object), rows: Array.from({ length: 100 }, () => rows[0]) };
    };
    expect(await directory.devices(address.accountId)).toHaveLength(1);
  });
});
