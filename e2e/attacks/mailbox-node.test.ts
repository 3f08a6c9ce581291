import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  BUCKET_RULE,
  directoryDatabase,
  envelopeDocument,
  nodeDatabase,
  tombstoneDocument,
  type MailboxPage,
} from '@restante/protocol';
import { CAUGHT_UP, keptPath } from '@restante/service-kit';
import { askCouch, newEnvelope, waitFor } from '@restante/testkit';
import {
  isLive,
  metricOf,
  openMailbox,
  startTestCluster,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { friends } from './friends.ts';
import { bucketAt, waitingOn } from './witnesses.ts';

/**
 * Whoever has the third mailbox node and its CouchDB, whole: an admin there, with all that the node was given of the others
 * (law 12). What they see and withhold is in docs/threat-model.md.
 */

// Longer than what any condition is waited for, so that a failure names its condition.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const isShared = (process.env['COUCHDB_URLS'] ?? '') !== '';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.caughtUp();
});
afterAll(() => cluster[Symbol.asyncDispose]());
afterEach(() => cluster.heal());

const bucketOf = (timeMs: number): string => bucketAt(cluster, timeMs);
const bucket = (): string => bucketAt(cluster);

type Ask = (path: string, method?: string, body?: object) => ReturnType<typeof askCouch>;
const own = (): Ask => {
  const { adminUrl } = cluster.parts.couchServers[2]!;
  return (path, method, body) => askCouch(adminUrl, path, method, body);
};
/** What the node was given of a peer (1 or 2), and its own user of the mesh, tried there. */
const atPeer = (number: 1 | 2): Ask[] => {
  const { origin } = new URL(cluster.parts.couchServers[number - 1]!.adminUrl);
  const { username, password } = new URL(cluster.parts.couchServers[2]!.meshUrl);
  const mesh = origin.replace('://', `://${username}:${password}@`);
  return [cluster.parts.couchServers[number - 1]!.readerUrl, mesh].map(
    (url) => (path: string, method?: string, body?: object) => askCouch(url, path, method, body),
  );
};
const bulk = (ask: Ask, ...docs: object[]) =>
  ask(`${bucket()}/_bulk_docs`, 'POST', { new_edits: false, docs });

const waitingOnAll = (person: Person, count: number) =>
  waitFor(`${count} on all nodes`, async () =>
    (await Promise.all([1, 2, 3].map((number) => waitingOn(cluster, number, person)))).every(
      (ids) => ids.length === count,
    ),
  );
const refusedBy = async (number: 1 | 2): Promise<number> => {
  const url = cluster.parts.mailboxNodes[number - 1]!.url;
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^mailbox_mesh_writes_refused_total\{.*peer="node3".*\} (\d+)$/m.exec(text)?.[1] ?? -1);
};

/** What `npm run status` prints. */
const status = async (): Promise<string> => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const env = { ...process.env, DATA_DIR: cluster.dataDir };
  return promisify(execFile)(process.execPath, ['scripts/src/main.ts', 'status'], { cwd: root, env }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { readonly stdout: string }).stdout,
  );
};

describe('the operator of one mailbox node', () => {
  it('deletes at home alone: a message that they hold back is found at the others', async () => {
    const [alice, bob] = await friends(cluster);
    await bob.leave();
    for (const text of ['one', 'two', 'three']) await alice.sendAccepted(bob, text);
    await waitingOnAll(bob, 3);
    const ids = await waitingOn(cluster, 3, bob);
    const tombstones = ids.slice(1).map(tombstoneDocument);
    await bulk(own(), ...tombstones);
    for (const ask of [...atPeer(1), ...atPeer(2)]) {
      await bulk(ask, ...tombstones);
      for (const { _id, _revisions } of tombstones) {
        const rev = `1-${_revisions.ids[1]}`;
        const answer = await ask(`${bucket()}/${encodeURIComponent(_id)}?rev=${rev}`, 'DELETE');
        expect([401, 403]).toContain(answer.status);
      }
      expect((await ask(bucket(), 'DELETE')).status).toBeGreaterThanOrEqual(401);
    }
    await alice.sendAccepted(bob, 'four');
    for (const number of [1, 2] as const)
      await waitFor('what comes later', async () => (await waitingOn(cluster, number, bob)).length === 4);
    expect(await waitingOn(cluster, 3, bob)).toHaveLength(2);

    await bob.enterLive();
    await bob.seesLast(alice, 'four');
    await waitFor('all to be read', () => bob.catchUps.at(-1)?.complete === true);
    expect(bob.shown).toEqual(['hello', 'one', 'two', 'three', 'four']);
    await cluster.empty(bob);
  });

  it('writes nothing to the others but envelopes, by the mesh or by what it was given; that is counted', async () => {
    const [alice, bob] = await friends(cluster);
    await bob.leave();
    await alice.sendAccepted(bob, 'kept');
    await waitingOnAll(bob, 1);
    const [keptId] = await waitingOn(cluster, 3, bob);
    const path = `${bucket()}/${encodeURIComponent(keptId!)}`;
    const kept = (await own()(path)).body as { _id: string; _rev: string; payload: string };
    const good = () => envelopeDocument(newEnvelope(bob.address));
    const old = envelopeDocument(newEnvelope(bob.address, { timeMs: Date.now() - 15 * 86_400_000 }));
    const junk = [
      { ...kept, _rev: `9-${'f'.repeat(32)}`, payload: 'QUFBQQ==' },
      { ...good(), _rev: `1-${'f'.repeat(32)}` },
      { ...good(), _id: `${bob.address.accountId}:1: stray` },
      { ...good(), note: 'more' },
      { ...good(), payload: 5 },
      { _id: 'canary:node1:1-1', _rev: `1-${'a'.repeat(32)}`, at: 'soon', senderId: 'me' },
    ];
    const before = await Promise.all([refusedBy(1), refusedBy(2)]);
    await bulk(own(), ...junk);
    // One that belongs elsewhere: it is an envelope, and is given to nobody.
    await bulk(own(), old);
    const designs = { _id: '_design/mine', validate_doc_update: 'function () { throw { forbidden: 1 }; }' };
    await own()(`${bucket()}/_design/mine`, 'PUT', designs);
    for (const ask of [...atPeer(1), ...atPeer(2)]) {
      await bulk(ask, ...junk, old, good());
      for (const database of [bucket(), bucketOf(Date.now() - 15 * 86_400_000)]) {
        expect((await ask(`${database}/_design/mine`, 'PUT', designs)).status).toBeGreaterThanOrEqual(401);
        expect((await ask(`${database}/${BUCKET_RULE._id}`, 'DELETE')).status).toBeGreaterThanOrEqual(401);
        const single = await ask(`${database}/${encodeURIComponent(old._id)}`, 'PUT', { payload: 'x' });
        expect([401, 403]).toContain(single.status);
      }
    }
    for (const [index, number] of ([1, 2] as const).entries()) {
      await waitFor(
        'it to be refused',
        async () => (await refusedBy(number)) >= before[index]! + junk.length,
      );
      const { adminUrl } = cluster.parts.couchServers[number - 1]!;
      const held = await cluster.envelopesOn(number);
      expect(held.get(keptId!)).toEqual([kept._rev]);
      for (const { _id } of junk.slice(1)) expect(held.has(_id)).toBe(false);
      const all = await askCouch(adminUrl, `${bucket()}/_all_docs?startkey="_design/"&endkey="_design0"`);
      expect((all.body as { rows: { id: string }[] }).rows.map(({ id }) => id)).toEqual([BUCKET_RULE._id]);
    }
    expect(await status()).toMatch(/problem: node 1 has refused \d+ documents of node3/);
    await bob.enterLive();
    await bob.seesLast(alice, 'kept');
    await alice.sendAccepted(bob, 'and on');
    await bob.seesLast(alice, 'and on');
    expect(bob.shown).toEqual(['hello', 'kept', 'and on']);
  });

  it('reads and writes nothing of what the others know of accounts, or of themselves', async () => {
    const [alice] = await friends(cluster);
    const { databasePrefix } = cluster.parts;
    const id = encodeURIComponent(`account:${alice.address.accountId}`);
    const refused = [401, 403];
    for (const ask of [...atPeer(1), ...atPeer(2)]) {
      for (const database of [directoryDatabase(databasePrefix), nodeDatabase(databasePrefix)]) {
        for (const path of ['', '/_all_docs?include_docs=true', '/_changes', `/${id}`])
          expect(refused).toContain((await ask(database + path)).status);
        const docs = [{ _id: 'account:mine' }];
        for (const new_edits of [true, false])
          expect(refused).toContain(
            (await ask(`${database}/_bulk_docs`, 'POST', { docs, new_edits })).status,
          );
        expect(refused).toContain((await ask(`${database}/_local/mine`, 'PUT', {})).status);
      }
    }
  });

  it.skipIf(isShared)('does not make an empty node call itself complete', async () => {
    const [alice, bob] = await friends(cluster);
    await bob.leave();
    await alice.sendAccepted(bob, 'at the others');
    await waitingOnAll(bob, 1);
    await cluster.killCouch(1);
    await rm(join(cluster.dataDir, 'couch1'), { recursive: true });
    cluster.links.cut(['couch1'], ['couch2', 'couch3']);
    await cluster.startCouch(1);
    const mailbox = await openMailbox(cluster.parts.mailboxNodes[0]!.url, bob);
    const isEmpty = ({ messages, complete }: MailboxPage): boolean => messages.length === 0 && !complete;
    await waitFor('the node to take mail again', async () => isEmpty(await mailbox.read()));
    const [reader] = atPeer(1);
    const isIn = async (): Promise<boolean> => (await reader!(bucket())).status === 200;
    await waitFor('the reader to be let in again', isIn);
    const lie = { peers: ['node2', 'node3'], isComplete: true, instance: '0' };
    const info = (await reader!(bucket())).body as { instance_start_time: string };
    const named = { ...lie, instance: info.instance_start_time };
    for (const database of [bucket(), nodeDatabase(cluster.parts.databasePrefix)]) {
      for (const ask of atPeer(1)) await ask(`${database}/${keptPath(CAUGHT_UP, bucket())}`, 'PUT', named);
    }
    const rounds = await metricOf(cluster.parts.mailboxNodes[0]!.url, 'mailbox_catch_ups_begun_total');
    expect(rounds).not.toBeNull();
    // Another round of its maintenance, which reads what is kept.
    const { adminUrl } = cluster.parts.couchServers[0]!;
    const rule = `${bucket()}/${BUCKET_RULE._id}`;
    const { _rev } = (await askCouch(adminUrl, rule)).body as { _rev: string };
    await askCouch(adminUrl, `${rule}?rev=${_rev}`, 'DELETE');
    await waitFor('another round', async () => (await askCouch(adminUrl, rule)).status === 200);
    expect(isEmpty(await mailbox.read())).toBe(true);
    cluster.links.heal();
    await waitFor('the others to fill it', async () => (await mailbox.read()).complete);
    expect((await mailbox.read()).messages).toHaveLength(1);
  });

  it('brings back what was deleted, of which its reader shows nothing and which it deletes again', async () => {
    const [alice, bob] = await friends(cluster);
    await bob.leave();
    await alice.sendAccepted(bob, 'once');
    await waitingOnAll(bob, 1);
    const [id] = await waitingOn(cluster, 3, bob);
    const found = (await own()(`${bucket()}/${encodeURIComponent(id!)}`)).body as object;
    await bob.enterLive();
    await bob.seesLast(alice, 'once');
    await cluster.empty(bob);
    // A bucket that knows nothing of a deletion.
    await own()(bucket(), 'DELETE');
    await waitFor('a new bucket', async () => {
      const answer = await bulk(own(), found);
      return answer.status === 201 && (await waitingOn(cluster, 3, bob)).length === 1;
    });
    await bob.enterLive();
    bob.messenger().refresh();
    await cluster.empty(bob);
    await alice.sendAccepted(bob, 'the next one');
    await bob.seesLast(alice, 'the next one');
    expect(bob.shown).toEqual(['hello', 'once', 'the next one']);
    for (const number of [1, 2]) {
      expect((await cluster.envelopesOn(number)).get(id!)?.some(isLive)).toBe(false);
    }
  });

  it('floods with well-formed envelopes: their reader sets them aside, and goes on', async () => {
    const [alice, bob] = await friends(cluster);
    await bob.leave();
    const flood = Array.from({ length: 5_000 }, () => envelopeDocument(newEnvelope(bob.address)));
    for (let start = 0; start < flood.length; start += 500)
      await bulk(own(), ...flood.slice(start, start + 500));
    await waitFor(
      'the mesh to carry it',
      async () => (await waitingOn(cluster, 1, bob)).length === flood.length,
      {
        timeoutMs: 60_000,
      },
    );
    await alice.sendAccepted(bob, 'after the flood');
    await bob.enter();
    await waitFor('bob to read on', async () => (await bob.textsFrom(alice)).includes('after the flood'), {
      timeoutMs: 90_000,
    });
    expect(bob.shown).toEqual(['hello', 'after the flood']);
    await bob.sendAccepted(alice, 'still here');
    await alice.seesLast(bob, 'still here');
    await bob.leave();
  });
});

it('a node that was away is told by the reader of what was deleted, though the master that knew of it died', async () => {
  const [alice, bob] = await friends(cluster);
  await bob.leave();
  await alice.sendAccepted(bob, 'read while it is away');
  await waitingOnAll(bob, 1);
  await cluster.killCouch(3);
  await cluster.parts.mailboxNodes[2]!.kill('SIGKILL');
  await bob.enterLive();
  await bob.seesLast(alice, 'read while it is away');
  await waitFor('the two others to forget it', async () =>
    (await Promise.all([1, 2].map((number) => waitingOn(cluster, number, bob)))).every(
      (ids) => ids.length === 0,
    ),
  );
  await cluster.parts.masters[0]!.kill('SIGKILL');
  await cluster.heal();
  await cluster.empty(bob);
  expect(bob.shown).toEqual(['hello', 'read while it is away']);
});
