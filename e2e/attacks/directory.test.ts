import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { askCouch, waitFor } from '@restante/testkit';
import { metricOf, startTestCluster, type Person, type TestCluster } from '@restante/testkit/cluster';
import { ensureSecrets } from '@restante/scripts/cluster';
import { directoryDatabase } from '@restante/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { friends } from './friends.ts';
import { tokenStatus } from './witnesses.ts';

/** Who has one CouchDB, with its admin's credentials, and writes into `directory` there what they like (law 12). */

type Document = Record<string, unknown> & { readonly _id: string; readonly _rev: string };

const newKeys = () =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

let cluster: TestCluster;
let alice: Person;
let bob: Person;
/** What the masters are started with, over their own. */
const masterKeys = new Map<string, Readonly<Record<string, string>>>();

beforeAll(async () => {
  cluster = await startTestCluster({
    masters: 2,
    adapt: (name, environment) => ({ ...environment, ...masterKeys.get(name) }),
  });
  [alice, bob] = await friends(cluster);
});
afterAll(() => cluster[Symbol.asyncDispose]());

const couches = (): readonly string[] => cluster.parts.couchServers.map(({ adminUrl }) => adminUrl);
const at = (index: number, path: string, method = 'GET', body?: object) =>
  askCouch(couches()[index]!, `${directoryDatabase(cluster.parts.databasePrefix)}${path}`, method, body);
const read = async (index: number, id: string): Promise<Document | null> => {
  const { status, body } = await at(index, `/${encodeURIComponent(id)}?revs=true`);
  return status === 200 ? (body as Document) : null;
};
const put = (index: number, ...docs: object[]) => at(index, '/_bulk_docs', 'POST', { docs });
const force = (index: number, ...docs: object[]) =>
  at(index, '/_bulk_docs', 'POST', { docs, new_edits: false });
const accountOf = ({ address }: Person): string => `account:${address.accountId}`;
const deviceOf = ({ address }: Person): string => `device:${address.accountId}:${address.deviceId}`;

const secretHash = (secret: string): string => createHash('sha256').update(secret).digest('base64url');
const tokenFor = (person: Person, deviceSecret: string, deviceId?: number) =>
  tokenStatus(cluster, person, deviceSecret, deviceId);
const counted = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> => {
  const counts = await Promise.all(
    cluster.parts.masters.map(({ url }) => metricOf(url, `gateway_directory_${name}`, labels)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
};
const tampered = (fault: string) => counted('tampered_total', { fault });
type Health = { readonly directory: readonly { readonly up: boolean; readonly filling: boolean }[] };
const healthOf = async ({ url }: { readonly url: string }): Promise<Health> =>
  (await (await fetch(`${url}/health`)).json()) as Health;
const strip = (document: Document | null) =>
  document && { ...document, _rev: null, _revisions: null, signature: null };
const isOne = async (id: string): Promise<boolean> => {
  const [first, ...others] = (await Promise.all([0, 1, 2].map((index) => read(index, id)))).map(strip);
  return first !== null && others.every((other) => JSON.stringify(other) === JSON.stringify(first));
};
const talk = async (text: string): Promise<void> => {
  await alice.sendAccepted(bob, text);
  await bob.seesLast(alice, text);
};

describe.each([0, 2])('CouchDB %i in other hands', (index) => {
  it("replaces no device's secret, and gives nobody a device", async () => {
    const before = await tampered('unsigned');
    const secret = randomBytes(32).toString('base64url');
    const device = (await read(index, deviceOf(bob)))!;
    await put(index, {
      ...device,
      _revisions: undefined,
      secretHash: secretHash(secret),
      updatedAt: Date.now() + 1e6,
    });
    const ghost = `device:${bob.address.accountId}:7`;
    await put(index, {
      ...device,
      _rev: undefined,
      _revisions: undefined,
      _id: ghost,
      secretHash: secretHash(secret),
    });
    expect(await tokenFor(bob, secret)).toBe(401);
    expect(await tokenFor(bob, secret, 7)).toBe(401);
    expect(await tokenFor(bob, await bob.deviceSecret())).toBe(200);
    await talk(`after a ghost at ${index}`);
    await waitFor('it to be counted', async () => (await tampered('unsigned')) > before);
    await waitFor('the device to be put back', () => isOne(deviceOf(bob)));
    expect(await tokenFor(bob, secret)).toBe(401);
    expect(await tokenFor(bob, await bob.deviceSecret())).toBe(200);
    for (const other of [0, 1, 2].filter((one) => one !== index)) expect(await read(other, ghost)).toBeNull();
    expect(JSON.stringify(await healthOf(cluster.parts.masters[0]!))).toContain(ghost);
  });

  it('deletes no account, name or device', async () => {
    const restored = await counted('restored_total', { fault: 'deleted' });
    const ids = [accountOf(bob), deviceOf(bob), `username:${bob.username}`];
    for (const id of ids) {
      const { _rev } = (await read(index, id))!;
      await put(index, { _id: id, _rev, _deleted: true });
    }
    expect(await tokenFor(bob, await bob.deviceSecret())).toBe(200);
    await talk(`after a deletion at ${index}`);
    await waitFor('all to be put back', async () => (await Promise.all(ids.map(isOne))).every(Boolean));
    expect(await counted('restored_total', { fault: 'deleted' })).toBeGreaterThan(restored);
  });

  it('brings back nothing that was removed', async () => {
    const carol = await cluster.person(`carol-${index}`);
    const id = deviceOf(carol);
    await waitFor('the device everywhere', () => isOne(id));
    const before = (await read(index, id))!;
    const session = await carol.session();
    const removed = await fetch(`${cluster.masters[0]!}/api/devices/${carol.address.deviceId}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${session.masterToken}` },
    });
    expect(removed.ok).toBe(true);
    const generation = Number.parseInt(before._rev, 10);
    await force(index, { ...before, _rev: `${generation}-${'f'.repeat(32)}`, _revisions: undefined });
    await force(index, { ...before, _rev: `${generation + 9}-${'e'.repeat(32)}`, _revisions: undefined });
    expect(await tokenFor(carol, await carol.deviceSecret())).toBe(401);
    await waitFor('one state', () => isOne(id));
    expect((await read(index, id))!['removedAt']).toBeDefined();
    expect(await tokenFor(carol, await carol.deviceSecret())).toBe(401);
  });

  it('drops the database, and it is filled again', async () => {
    await at(index, '', 'DELETE');
    await talk(`while it is away at ${index}`);
    await waitFor(
      'it to be filled',
      async () => (await isOne(accountOf(bob))) && (await isOne(deviceOf(alice))),
    );
    await talk(`filled at ${index}`);
    await waitFor('masters to go by it again', async () =>
      (await Promise.all(cluster.parts.masters.map(healthOf))).every(({ directory }) =>
        directory.every(({ up, filling }) => up && !filling),
      ),
    );
  });
});

describe('the key that signs', () => {
  it('is changed while people talk: added everywhere, then used, then what is old is signed again and the old key goes', async () => {
    const { directoryPublicKeys: old } = ensureSecrets(cluster.dataDir);
    const { privateKey, publicKey } = newKeys();
    const restartAll = async (keys: Readonly<Record<string, string>>): Promise<void> => {
      for (const master of cluster.parts.masters) {
        masterKeys.set(master.name, keys);
        await master.restart();
        await talk(
          `${master.name} with ${Object.keys(keys).length} of its own: ${randomBytes(4).toString('hex')}`,
        );
      }
    };
    const both = old + publicKey;
    await restartAll({ DIRECTORY_PUBLIC_KEYS: both });
    await restartAll({ DIRECTORY_PUBLIC_KEYS: both, DIRECTORY_PRIVATE_KEY: privateKey });
    await waitFor('all to be signed again', async () => (await counted('signed_earlier')) === 0, {
      timeoutMs: 60_000,
    });
    const before = await tampered('unsigned');
    await restartAll({ DIRECTORY_PUBLIC_KEYS: publicKey, DIRECTORY_PRIVATE_KEY: privateKey });
    expect(await tokenFor(bob, await bob.deviceSecret())).toBe(200);
    expect(await cluster.person('dora')).toBeDefined();
    expect(await tampered('unsigned')).toBeLessThanOrEqual(before);
  });
});
