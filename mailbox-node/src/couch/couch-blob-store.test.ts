import { partDocumentId, partRevision } from '@restante/protocol';
import { connectCouch, couchRequest, createLog, createSetAside, parseCouchUrl } from '@restante/service-kit';
import { mailboxNodeConfigs, newTestKeys, startCouches, startFaultProxy } from '@restante/testkit';
import { describe, expect, it } from 'vitest';
import { blobStoreContract, newBlobId } from '../blobs/blob-store.contract.ts';
import { createByteBudget } from '../mail/byte-budget.ts';
import { createDatabases } from '../mesh/databases.ts';
import { createBulkWriter } from './bulk-writer.ts';
import { createCouchBlobStore } from './couch-blob-store.ts';
import { createDatabaseKeeper } from './database-keeper.ts';
import { DOCUMENT_FAULTS } from './envelope-row.ts';
import { createStoreRoom } from './store-room.ts';
import { createUserKeeper } from './user-keeper.ts';

const TTL_MS = 30 * 24 * 60 * 60 * 1000;
const log = createLog('test', 'silent');

/** A store on a CouchDB of its own; the data path leads through a proxy that breaks it. */
const startStore = async () => {
  const couches = await startCouches(1);
  const [config] = await mailboxNodeConfigs(couches, newTestKeys());
  const { couch } = config!;
  const proxy = await startFaultProxy(new URL(couch.url).origin);
  const throughProxy = new URL(couch.url);
  throughProxy.host = proxy.address;
  const clock = { nowMs: Date.now() };
  const now = () => clock.nowMs;
  const databases = createDatabases(couch.databasePrefix, 10, TTL_MS, 'blobs');
  const admin = connectCouch(couch.adminUrl, 10_000);
  const server = connectCouch(throughProxy.href, 2_000);
  const address = parseCouchUrl(couch.url);
  const keeper = createDatabaseKeeper({
    ...{ log, admin, databases, owner: address.username },
    wanted: () => databases.liveAt(now()),
    isAhead: () => false,
    beforeCreate: () => Promise.resolve(),
    onCreated: () => Promise.resolve(),
    onBornEmpty: () => Promise.resolve(),
  });
  await using user = createUserKeeper({ log, admin, user: address, timeoutMs: 10_000 });
  await user.keep();
  await keeper.keep(databases.liveAt(now()));
  const writer = createBulkWriter({
    ...{ log, server },
    budget: createByteBudget(16 * 1024 * 1024),
    room: createStoreRoom(log),
    createBucket: keeper.createBucket,
    batches: { written: () => undefined, failed: () => undefined },
  });
  const setAside = createSetAside(log, DOCUMENT_FAULTS);
  return {
    ...{ databases, clock, setAside, admin, proxy, ttlMs: TTL_MS },
    store: createCouchBlobStore({ server, writer, databases, setAside, ttlMs: TTL_MS, now }),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await Promise.all([server, admin].map((part) => part[Symbol.asyncDispose]()));
      await couches[Symbol.asyncDispose]();
    },
  };
};

blobStoreContract('the store on CouchDB', startStore);

describe('the blob store on CouchDB', () => {
  const unavailable = { code: 'unavailable' };

  it('says so when CouchDB does not answer', async () => {
    await using under = await startStore();
    const blob = newBlobId(under.clock.nowMs);
    under.proxy.set('refuse');
    under.proxy.cut();
    await expect(under.store.get(blob, 0)).rejects.toMatchObject(unavailable);
    await expect(under.store.parts(blob)).rejects.toMatchObject(unavailable);
    await expect(under.store.put({ blob, part: 0, bytes: 1, data: Buffer.alloc(1) })).rejects.toMatchObject(
      unavailable,
    );
  });

  it('gives nothing of documents that are no parts, and the others as before (law 16)', async () => {
    await using under = await startStore();
    const { store, admin, databases, clock, setAside } = under;
    const [blob, short] = [newBlobId(clock.nowMs), newBlobId(clock.nowMs)];
    await store.put({ blob, part: 1, bytes: 1024 * 1024 + 1, data: Buffer.from('x') });
    const db = databases.currentAt(clock.nowMs);
    const write = (docs: readonly object[], newEdits = false) =>
      couchRequest(admin, { db, path: '_bulk_docs', method: 'POST', body: { docs, new_edits: newEdits } });
    const id = partDocumentId(short, 0);
    await write([
      { _id: id, _rev: partRevision(id), bytes: 5, data: 'AAAA', v: 1 },
      // Another revision above a part, and one where none is.
      { _id: partDocumentId(blob, 0), _rev: '1-abc', bytes: 1024 * 1024 + 1, data: 'AAAA', v: 1 },
      { _id: partDocumentId(blob, 1), _rev: '1-ffffffffffffffffffffffffffffffff', data: 'AAAA', v: 1 },
      { _id: `${blob}:0002x`, _rev: '1-abc' },
    ]);
    expect(await store.get(short, 0)).toBeNull();
    expect(await store.get(blob, 0)).toBeNull();
    expect((await store.get(blob, 1))?.toString()).toBe('x');
    expect(await store.parts(blob)).not.toContain(0);
    expect(setAside.counts()['bad-fields']).toBe(1);
  });

  it('creates a live bucket that somebody took away, and reads a missing one as empty', async () => {
    await using under = await startStore();
    const { store, admin, databases, clock } = under;
    const blob = newBlobId(clock.nowMs);
    await admin.db.destroy(databases.currentAt(clock.nowMs));
    expect([await store.parts(blob), await store.get(blob, 0)]).toEqual([[], null]);
    await store.put({ blob, part: 0, bytes: 1, data: Buffer.alloc(1) });
    expect(await store.parts(blob)).toEqual([0]);
  });
});
