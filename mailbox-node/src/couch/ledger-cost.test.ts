import { documentId, envelopeDocument, tombstoneDocument, type StoredEnvelope } from '@restante/protocol';
import { connectCouch, couchRequest, keptPath, type CouchServer } from '@restante/service-kit';
import { newEnvelope, newMailbox, startCouches, type TestCouches } from '@restante/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabases } from '../mesh/databases.ts';
import { createLedger, type Ledger } from './ledger.ts';

const TTL_MS = 30 * 86_400_000;

/** A count costs what has changed, and is right whatever its checkpoint says (law 9). */
describe('what the ledger reads', () => {
  let couches: TestCouches;
  let server: CouchServer & AsyncDisposable;
  let reading: CouchServer & AsyncDisposable;
  let rows = 0;
  let pages = 0;
  let bucket: string;
  let node: string;
  let ledger: Ledger;
  let nowMs = Date.now();
  const mailbox = newMailbox();

  beforeAll(async () => {
    couches = await startCouches(1);
    node = createDatabases(couches.prefix, 10, TTL_MS).node;
    [server, reading] = [1, 2].map(() => connectCouch(couches.adminUrls[0]!, 20_000)) as [
      typeof server,
      typeof server,
    ];
    await couchRequest(server, { db: node, method: 'PUT' });
    const ask = reading.request.bind(reading);
    reading.request = (async (wanted: { path?: string; method?: string }) => {
      const answer = (await ask(wanted)) as { results?: readonly unknown[]; rows?: readonly unknown[] };
      rows += (answer.results ?? answer.rows ?? []).length;
      if (wanted.method === undefined && wanted.path?.startsWith('_local/restante-ledger-') === true)
        pages += 1;
      return answer;
    }) as CouchServer['request'];
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await reading[Symbol.asyncDispose]();
    await couches[Symbol.asyncDispose]();
  });

  const write = (docs: readonly object[]) =>
    couchRequest(server, {
      db: bucket,
      path: '_bulk_docs',
      method: 'POST',
      body: { docs, new_edits: false },
    });
  const store = async (count: number): Promise<StoredEnvelope[]> => {
    const mail = Array.from({ length: count }, () => newEnvelope(mailbox));
    await write(mail.map(envelopeDocument));
    return mail;
  };
  const remove = (mail: readonly StoredEnvelope[]) =>
    write(mail.map((envelope) => tombstoneDocument(documentId(envelope, envelope.id))));
  const keptAs = (name: string) => ({ db: node, path: keptPath(name, bucket) });
  const instance = async (): Promise<string> =>
    ((await couchRequest(server, { db: bucket })) as { instance_start_time: string }).instance_start_time;
  const put = async (name: string, value: object) => {
    const body = { ...value, instance: await instance() };
    await couchRequest(server, { ...keptAs(name), method: 'PUT', body });
  };
  const makeAnew = async (): Promise<void> => {
    await couchRequest(server, { db: bucket, method: 'DELETE' });
    await couchRequest(server, { db: bucket, method: 'PUT' });
  };

  const start = (): void => {
    const { timeOf } = createDatabases(couches.prefix, 10, TTL_MS);
    ledger = createLedger({ server: reading, node, ttlMs: TTL_MS, timeOf, now: () => nowMs });
  };
  const count = async () => {
    [rows, pages] = [0, 0];
    const { accepted, deleted, expired, waiting, lost, returned } = await ledger.count(
      bucket,
      new AbortController().signal,
    );
    return { accepted, deleted, expired, waiting, lost, returned, rows, pages };
  };
  const WHOLE = { expired: 0, lost: 0, returned: 0 };

  let buckets = 0;
  beforeEach(async () => {
    nowMs = Date.now();
    const { currentAt } = createDatabases(couches.prefix, 10, TTL_MS);
    bucket = currentAt(nowMs);
    if (buckets > 0) {
      await couchRequest(server, { db: bucket, method: 'DELETE' });
      await ledger.remove(bucket);
    }
    buckets += 1;
    await couchRequest(server, { db: bucket, method: 'PUT' });
    start();
  });

  it('is what has changed: while it runs, at a start, and of mail that expires', async () => {
    const mail = await store(2_500);
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 2_500, waiting: 2_500, rows: 2_500 });
    await remove(mail.slice(0, 10));
    await store(5);
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 2_505, deleted: 10, waiting: 2_495, rows: 15 });
    expect(await count()).toMatchObject({ waiting: 2_495, rows: 0 });
    start();
    await remove(mail.slice(10, 13));
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 2_505, deleted: 13, rows: 3, pages: 1 });
    nowMs += TTL_MS + 60_000;
    expect(await count()).toMatchObject({ accepted: 2_505, expired: 2_492, waiting: 0, lost: 0, rows: 0 });
  });

  it('is all when the checkpoint is of more than is there: what it knew and is gone is lost', async () => {
    const mail = await store(40);
    await remove(mail.slice(0, 4));
    await count();
    const kept = (await couchRequest(server, keptAs('ledger'))) as object;
    // A disk that is put back as it was before the last ten came, and one was deleted.
    await makeAnew();
    await write(mail.slice(0, 30).map(envelopeDocument));
    await remove(mail.slice(0, 3));
    await put('ledger', kept);
    start();
    expect(await count()).toMatchObject({ accepted: 41, deleted: 4, lost: 10, returned: 1, rows: 30 });
    // The mesh brings it all again.
    await write(mail.slice(30).map(envelopeDocument));
    await remove(mail.slice(3, 4));
    const { lost } = await count();
    expect(lost).toBe(0);
  });

  it('is all when its marks are damaged: what was accepted goes on to be counted', async () => {
    const mail = await store(1_200);
    await count();
    await put('ledger-a-0', { mail: [1, 2, 3] });
    await remove(mail.slice(0, 2));
    start();
    expect(await count()).toMatchObject({
      ...WHOLE,
      accepted: 1_200,
      deleted: 2,
      waiting: 1_198,
      rows: 1_200,
    });
    expect(await count()).toMatchObject({ rows: 0 });
    start();
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 1_200, deleted: 2, rows: 0, pages: 1 });
  });

  it('is all when another hand wrote the checkpoint while it runs, and nothing more than once', async () => {
    await store(20);
    const first = ledger;
    await count();
    start();
    await store(3);
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 23, rows: 3 });
    ledger = first;
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 23, rows: 23 });
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 23, rows: 0 });
  });

  it('is nothing of another bucket of the same name', async () => {
    await store(20);
    await count();
    ledger.written(bucket, [documentId(mailbox, newEnvelope(mailbox).id)]);
    await makeAnew();
    await ledger.remove(bucket);
    await store(7);
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 7, waiting: 7, rows: 7 });
    const kept = (await couchRequest(server, keptAs('ledger'))) as object;
    await couchRequest(server, { ...keptAs('ledger'), method: 'PUT', body: { ...kept, instance: '1' } });
    start();
    await store(1);
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 8, rows: 8 });
  });

  it('is kept no longer than the bucket, pages and all', async () => {
    await store(1_200);
    await count();
    for (const name of ['ledger', 'ledger-a-0']) await couchRequest(server, keptAs(name));
    await ledger.remove(bucket);
    for (const name of ['ledger', 'ledger-a-0'])
      await expect(couchRequest(server, keptAs(name))).rejects.toMatchObject({ statusCode: 404 });
  });

  it('is all once for a loss, which is told from then on and ends when the message is there again', async () => {
    const mail = await store(30);
    await count();
    const ids = mail.slice(0, 2).map((envelope) => documentId(envelope, envelope.id));
    const gone = newEnvelope(mailbox);
    ledger.written(bucket, [...ids, documentId(mailbox, gone.id)]);
    expect(await count()).toMatchObject({ accepted: 31, lost: 1, waiting: 30 });
    expect(await count()).toMatchObject({ accepted: 31, lost: 1, rows: 0 });
    start();
    expect(await count()).toMatchObject({ accepted: 31, lost: 1, rows: 0 });
    await write([envelopeDocument(gone)]);
    expect(await count()).toMatchObject({ ...WHOLE, accepted: 31, waiting: 31 });
  });
});
