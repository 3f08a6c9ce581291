import { buckets, LIMITS, partDocument, partDocumentId, partRevision, type BlobId } from '@restante/protocol';
import { connectCouch, couchRequest, createLog, requestRows, type CouchServer } from '@restante/service-kit';
import {
  mailboxNodeConfigs,
  newTestKeys,
  startCouches,
  startTestNode,
  type TestNode,
} from '@restante/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newBlobId } from '../blobs/blob-store.contract.ts';
import { WRITTEN_WITHIN_MS } from '../blobs/written-within.ts';
import { createDatabases } from '../mesh/databases.ts';
import { createHalfUploads } from './half-uploads.ts';

const PART = LIMITS.blobPartBytes;
const HOUR_MS = 3_600_000;

describe('half uploads at one node', () => {
  let node: TestNode;
  let server: CouchServer & AsyncDisposable;
  let db = '';
  let startMs = 0;
  const cleanup = new AsyncDisposableStack();
  beforeAll(async () => {
    const couches = cleanup.use(await startCouches(1));
    const [config] = await mailboxNodeConfigs(couches, newTestKeys());
    node = cleanup.use(await startTestNode(config!, newTestKeys()));
    const { url, databasePrefix } = node.config.couch;
    server = cleanup.use(connectCouch(url, 10_000));
    const spans = buckets(10, LIMITS.messageTtlMs, 'blobs');
    // The bucket before this one: all of it is behind the clock.
    const name = spans.liveAt(Date.now()).at(-3)!;
    [db, startMs] = [databasePrefix + name, spans.startOf(name)!];
  });
  afterAll(() => cleanup.disposeAsync());

  const never = new AbortController().signal;
  let [surelyMs, latestMs] = [0, 0];
  let atPeers: ReadonlySet<string> | null = new Set();
  let asked: (readonly string[])[] = [];
  let removed = 0;
  const removing = () => {
    const { databasePrefix: prefix } = node.config.couch;
    return createHalfUploads({
      ...{ log: createLog('test', 'silent'), server, node: `${prefix}node` },
      databases: createDatabases(prefix, 10, LIMITS.messageTtlMs, 'blobs'),
      writer: { write: (database, docs) => write(database, docs), idle: () => Promise.resolve() },
      presentAtPeers: (_database, ids) => {
        asked.push(ids);
        return Promise.resolve(atPeers);
      },
      surely: () => surelyMs,
      latest: () => latestMs,
      onRemoved: (parts) => {
        removed += parts;
      },
    });
  };
  const write = async (database: string, docs: readonly object[]): Promise<void> => {
    const body = { docs, new_edits: false };
    expect(await couchRequest(server, { db: database, path: '_bulk_docs', method: 'POST', body })).toEqual(
      [],
    );
  };
  let at = 0;
  /** Of a time after that of all before it. */
  const newBlob = (): BlobId => newBlobId(startMs + (at += 1_000));
  const put = async (blob: BlobId, bytes: number, ...parts: readonly number[]): Promise<void> =>
    write(
      db,
      parts.map((part) => partDocument(blob, part, bytes, 'AAAA')),
    );
  const parts = async (blob: BlobId): Promise<number[]> => {
    const keys = Array.from({ length: 12 }, (_, part) => partDocumentId(blob, part));
    const rows = await requestRows(server, { db, path: '_all_docs', method: 'POST', body: { keys } });
    return rows.flatMap(({ id, rev, isDeleted }) =>
      isDeleted || rev !== partRevision(id) ? [] : [Number(id.slice(-4))],
    );
  };
  const sweep = () => removing().sweep(db, never);

  beforeEach(async () => {
    [surelyMs, latestMs, atPeers] = [Date.now(), Date.now(), new Set()];
    await sweep();
    [asked, removed] = [[], 0];
  });

  it('go once their time is over, and no earlier; what is whole stays', async () => {
    const [half, whole, single] = [newBlob(), newBlob(), newBlob()];
    await put(half, 5 * PART, 0, 1, 3);
    await put(whole, 2 * PART + 5, 2, 0, 1);
    await put(single, 7, 0);
    surelyMs = startMs + at - 2_000 + WRITTEN_WITHIN_MS - 1;
    await sweep();
    expect(await parts(half)).toEqual([0, 1, 3]);
    surelyMs += 1;
    await sweep();
    expect(await parts(half)).toEqual([]);
    surelyMs += HOUR_MS;
    await sweep();
    expect([await parts(whole), await parts(single)]).toEqual([[0, 1, 2], [0]]);
    expect(removed).toBe(3);
  });

  it('stay while another node has the rest, or does not say what it has', async () => {
    const [elsewhere, unknown] = [newBlob(), newBlob()];
    await put(elsewhere, 3 * PART, 0, 2);
    atPeers = new Set([partDocumentId(elsewhere, 1)]);
    await sweep();
    expect(asked).toHaveLength(1);
    await put(unknown, 3 * PART, 1);
    atPeers = null;
    for (const round of [1, 2]) {
      await sweep();
      expect(asked).toHaveLength(1 + round);
    }
    expect([await parts(elsewhere), await parts(unknown)]).toEqual([[0, 2], [1]]);
    // A part of it is there, and is not enough.
    atPeers = new Set([partDocumentId(unknown, 0)]);
    await sweep();
    expect(await parts(unknown)).toEqual([]);
    expect(asked.at(-1)).toContain(partDocumentId(unknown, 2));
  });

  it('go when they come late, after others that were looked at already', async () => {
    const late = newBlob();
    const later = newBlob();
    await put(later, 1, 0);
    await sweep();
    await put(late, 2 * PART, 0);
    await sweep();
    expect([await parts(late), await parts(later)]).toEqual([[], [0]]);
  });

  it('end nothing of a blob that somebody has said to be larger, or smaller (law 12)', async () => {
    const [larger, smaller, replaced] = [newBlob(), newBlob(), newBlob()];
    await put(larger, 2 * PART, 0, 1);
    await put(larger, 9 * PART, 8);
    await put(smaller, 3 * PART, 0, 1, 2);
    await put(smaller, 11 * PART, 10, 5);
    await put(replaced, 3 * PART, 0, 1);
    await put(replaced, 8 * PART, 2);
    await sweep();
    expect(await parts(larger)).toEqual([0, 1]);
    expect(await parts(smaller)).toEqual([0, 1, 2]);
    expect(await parts(replaced)).toEqual([0, 1]);
  });

  it('are looked for behind what does not belong into their bucket (law 16)', async () => {
    const [other, half] = [newBlobId(Date.now() + 90 * 24 * HOUR_MS), newBlob()];
    await put(other, 2 * PART, 0);
    await write(db, [{ _id: 'junk', _rev: `1-${'a'.repeat(32)}` }]);
    const bad = partDocumentId(newBlob(), 0);
    await write(db, [{ _id: bad, _rev: partRevision(bad), bytes: 'many', data: 1, v: 1 }]);
    await put(half, 2 * PART, 1);
    await sweep();
    expect([await parts(other), await parts(half)]).toEqual([[0], []]);
    expect(removed).toBe(1);
  });

  it('are looked for behind what is ahead of all clocks', async () => {
    const half = newBlob();
    latestMs = startMs + at;
    const ahead = newBlobId(latestMs + LIMITS.clockSkewMs + 1);
    await put(ahead, 2 * PART, 0);
    await put(half, 2 * PART, 1);
    surelyMs = latestMs + WRITTEN_WITHIN_MS;
    await sweep();
    expect([await parts(ahead), await parts(half)]).toEqual([[0], []]);
  });

  it('are looked at once, however many there are', async () => {
    const blobs = Array.from({ length: 210 }, newBlob);
    await write(
      db,
      blobs.map((blob) => partDocument(blob, 0, 2 * PART, 'AAAA')),
    );
    await sweep();
    expect(removed).toBe(210);
    expect(asked).toHaveLength(210);
    await sweep();
    expect(asked).toHaveLength(210);
  });
});
