import { connectCouch, createLog, createSetAside, parseCouchUrl } from '@restante/service-kit';
import {
  mailboxNodeConfigs,
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startFaultProxy,
  waitFor,
} from '@restante/testkit';
import { describe, expect, it } from 'vitest';
import { createByteBudget } from '../mail/byte-budget.ts';
import { createBulkWriter } from './bulk-writer.ts';
import { createDatabaseKeeper } from './database-keeper.ts';
import { createEnvelopes } from './envelopes.ts';
import { createCouchMailboxStore } from './couch-mailbox-store.ts';
import { createUserKeeper } from './user-keeper.ts';
import { createDatabases } from '../mesh/databases.ts';
import { DOCUMENT_FAULTS } from './envelope-row.ts';
import { createStoreRoom } from './store-room.ts';
import { mailboxStoreContract } from '../mail/mailbox-store.contract.ts';

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
  const databases = createDatabases(couch.databasePrefix, 10, TTL_MS);
  const admin = connectCouch(couch.adminUrl, 10_000);
  const server = connectCouch(throughProxy.href, 1_000);
  const address = parseCouchUrl(couch.url);
  const keeper = createDatabaseKeeper({
    log,
    admin,
    owner: address.username,
    databases,
    wanted: () => databases.liveAt(now()),
    isAhead: () => false,
    beforeCreate: () => Promise.resolve(),
    onCreated: () => Promise.resolve(),
    onBornEmpty: () => Promise.resolve(),
  });
  await using user = createUserKeeper({
    ...{ log, admin, url: couch.url, user: address, roles: [] },
    ...{ variable: 'COUCHDB_URL', timeoutMs: 10_000 },
  });
  await user.keep();
  await keeper.keep(databases.liveAt(now()));
  const budget = createByteBudget(16 * 1024 * 1024);
  const writer = createBulkWriter({
    log,
    server,
    budget,
    room: createStoreRoom(log),
    createBucket: keeper.createBucket,
    batches: { written: () => undefined, failed: () => undefined },
  });
  const setAside = createSetAside(log, DOCUMENT_FAULTS);
  return {
    store: createCouchMailboxStore({
      server,
      writer,
      envelopes: createEnvelopes({ log, server, writer, setAside, isOfTime: databases.isOfTime }),
      databases,
      ttlMs: TTL_MS,
      now,
    }),
    setAside,
    clock,
    ttlMs: TTL_MS,
    proxy,
    budget,
    admin,
    databases,
    [Symbol.asyncDispose]: async () => {
      for (const part of [server, admin, proxy, couches]) await part[Symbol.asyncDispose]();
    },
  };
};

mailboxStoreContract('The store on CouchDB', startStore);

describe('The store on CouchDB', () => {
  const unavailable = { code: 'unavailable' };

  it('says that it is unavailable while CouchDB is not there, and works again after it', async () => {
    await using under = await startStore();
    const { store, proxy, budget } = under;
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    for (const fault of ['refuse', 'stall'] as const) {
      proxy.set(fault);
      if (fault === 'refuse') proxy.cut();
      expect(await store.put([envelope])).toEqual([{ status: 'refused', ...unavailable }]);
      await expect(store.list(mailbox, { limit: 1 })).rejects.toMatchObject(unavailable);
      await expect(store.acknowledge(mailbox, [envelope.id])).rejects.toMatchObject(unavailable);
      await expect(store.ping()).rejects.toMatchObject(unavailable);
      proxy.set('pass');
    }
    expect(budget.usedBytes()).toBe(0);
    await waitFor('the store', async () => (await store.put([envelope]))[0]?.status === 'stored');
    await store.ping();
  });

  it('never takes a bucket that it may not read for an empty one', async () => {
    await using under = await startStore();
    const mailbox = newMailbox();
    await under.store.put([newEnvelope(mailbox)]);
    const db = under.databases.currentAt(under.clock.nowMs);
    const body = { admins: { names: [], roles: ['_admin'] }, members: { names: ['somebody'], roles: [] } };
    await under.admin.request({ db, path: '_security', method: 'PUT', body });
    await expect(under.store.list(mailbox, { limit: 1 })).rejects.toMatchObject(unavailable);
    await expect(under.store.waiting(mailbox, 1)).rejects.toMatchObject(unavailable);
    expect(await under.store.put([newEnvelope(mailbox)])).toEqual([{ status: 'refused', ...unavailable }]);
  });

  it('deletes what was put while its clock was ahead, when the clock is right again', async () => {
    await using under = await startStore();
    const { store, clock } = under;
    const mailbox = newMailbox();
    const rightMs = clock.nowMs;
    clock.nowMs += 8 * 60 * 60 * 1000;
    const envelope = newEnvelope(mailbox, { timeMs: clock.nowMs });
    expect(await store.put([envelope])).toEqual([{ status: 'stored' }]);
    clock.nowMs = rightMs;
    expect(await store.waiting(mailbox, 10)).toBe(1);
    expect(await store.acknowledge(mailbox, [envelope.id])).toBe(1);
    expect(await store.waiting(mailbox, 10)).toBe(0);
    expect(await store.put([envelope])).toEqual([{ status: 'refused', code: 'clock-skew' }]);
  });

  it('creates a live bucket that somebody took away, and reads a missing one as empty', async () => {
    await using under = await startStore();
    const mailbox = newMailbox();
    const current = under.databases.currentAt(under.clock.nowMs);
    await under.admin.db.destroy(current);
    expect(await under.store.list(mailbox, { limit: 1 })).toMatchObject({ messages: [], complete: true });
    expect(await under.store.put([newEnvelope(mailbox)])).toEqual([{ status: 'stored' }]);
    expect(await under.store.waiting(mailbox, 10)).toBe(1);
  });
});
