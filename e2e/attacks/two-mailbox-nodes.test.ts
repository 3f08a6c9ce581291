import { createHash, randomBytes } from 'node:crypto';
import { directoryDatabase, envelopeDocument, tombstoneDocument } from '@restante/protocol';
import { askCouch, newEnvelope, waitFor } from '@restante/testkit';
import type { TestCluster } from '@restante/testkit/cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { friends } from './friends.ts';
import { startClusterWithLiars } from './lying-gate.ts';
import { bucketAt, refusedWrites, tokenStatus, waitingOn } from './witnesses.ts';

/** Who has two of the three mailbox nodes with their CouchDBs, whole: most of them. The first one is honest. */

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startClusterWithLiars(2, 3);
  await cluster.caughtUp();
});
afterAll(() => cluster[Symbol.asyncDispose]());

const DISHONEST = [1, 2];
const bulk = (index: number, docs: readonly object[]) =>
  askCouch(cluster.parts.couchServers[index]!.adminUrl, `${bucketAt(cluster)}/_bulk_docs`, 'POST', {
    docs,
    new_edits: false,
  });
const directory = (index: number, path: string, method?: string, body?: object) =>
  askCouch(
    cluster.parts.couchServers[index]!.adminUrl,
    `${directoryDatabase(cluster.parts.databasePrefix)}/${path}`,
    method,
    body,
  );

describe('the operators of two mailbox nodes', () => {
  it('keep back nothing that the third one has', async () => {
    const [alice, bob] = await friends(cluster);
    await bob.leave();
    const texts = ['one', 'two', 'three'];
    for (const text of texts) await alice.sendAccepted(bob, text);
    for (const number of [1, 2, 3])
      await waitFor(
        'all to be there',
        async () => (await waitingOn(cluster, number, bob)).length === texts.length,
      );
    const ids = await waitingOn(cluster, 1, bob);
    const refusals = () =>
      Promise.all(['node2', 'node3'].map((peer) => refusedWrites(cluster, 1, { peer, reason: 'deletion' })));
    const before = await refusals();
    for (const index of DISHONEST) await bulk(index, ids.map(tombstoneDocument));
    await waitFor('the third one to refuse the deletions of both', async () =>
      (await refusals()).every((count, index) => count >= before[index]! + ids.length),
    );
    expect((await waitingOn(cluster, 2, bob)).length + (await waitingOn(cluster, 3, bob)).length).toBe(0);
    await bob.enterLive();
    await bob.seesLast(alice, 'three');
    await waitFor('all to be read', () => bob.catchUps.at(-1)?.complete === true);
    expect(bob.shown).toEqual(['hello', ...texts]);
    await cluster.empty(bob);
  });

  it('make nobody read what nobody sent', async () => {
    const [alice, bob] = await friends(cluster);
    await bob.leave();
    const from = { senderId: alice.address.accountId, senderDeviceId: alice.address.deviceId };
    const forged = Array.from({ length: 20 }, () => envelopeDocument(newEnvelope(bob.address, from)));
    for (const index of DISHONEST) await bulk(index, forged);
    await alice.sendAccepted(bob, 'after them');
    await bob.enterLive();
    await bob.seesLast(alice, 'after them');
    await cluster.empty(bob);
    expect(bob.shown).toEqual(['hello', 'after them']);
    await bob.sendAccepted(alice, 'and back');
    await alice.seesLast(bob, 'and back');
  });

  it('sign no document of the directory, though they write the same one at both', async () => {
    const [alice, bob] = await friends(cluster);
    const id = `device:${bob.address.accountId}:${bob.address.deviceId}`;
    const secret = randomBytes(32).toString('base64url');
    const secretHash = createHash('sha256').update(secret).digest('base64url');
    for (const index of DISHONEST) {
      const { _rev, ...device } = (await directory(index, encodeURIComponent(id))).body as { _rev: string };
      const edited = { ...device, _rev, secretHash, updatedAt: Date.now() + 1_000_000 };
      expect((await directory(index, encodeURIComponent(id), 'PUT', edited)).status).toBe(201);
    }
    const tokenFor = (deviceSecret: string) => tokenStatus(cluster, bob, deviceSecret);
    expect(await tokenFor(secret)).not.toBe(200);
    await waitFor(
      'the owner to be known again',
      async () => (await tokenFor(await bob.deviceSecret())) === 200,
    );
    expect(await tokenFor(secret)).toBe(401);
    await alice.sendAccepted(bob, 'still you');
    await bob.seesLast(alice, 'still you');
  });
});
