import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database, type RowRange } from './database.ts';

let location = '';
let database: Database;
const open = () => Database.open('db', 'uuid', path.join(location, 'files'));
beforeEach(async () => {
  location = await mkdtemp(path.join(tmpdir(), 'embedded-couch-'));
  database = await open();
});
afterEach(async () => {
  await database.close();
  await rm(location, { recursive: true });
});

const everything: RowRange = {
  startKey: undefined,
  endKey: undefined,
  inclusiveEnd: true,
  descending: false,
  limit: Infinity,
  skip: 0,
  withBodies: false,
};

async function idsOf(range: Partial<RowRange>): Promise<string[]> {
  const ids: string[] = [];
  for await (const rows of database.rows({ ...everything, ...range }))
    ids.push(...rows.map(({ entry }) => entry.id));
  return ids;
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ _id: `doc-${String(n).padStart(5, '0')}`, n }));

async function remove(ids: string[]): Promise<void> {
  const entries = await database.entries(ids);
  const tombstones = entries.map((entry) => ({ _id: entry!.id, _rev: entry!.winner, _deleted: true }));
  await database.write(tombstones, 'edit');
}

describe('a database', () => {
  it('has the same documents, counts and place after it was closed and opened again', async () => {
    await database.write(numbered(10), 'edit');
    await remove(['doc-00003']);
    const before = await database.statistics();
    await database.close();
    database = await open();
    const counts = { documents: 9, deletedDocuments: 1, updateSequence: 11 };
    expect(before).toMatchObject(counts);
    expect(await database.statistics()).toMatchObject(counts);
    expect(await idsOf({})).toHaveLength(9);
  });

  it('counts a document once however often it is written, deleted and written again', async () => {
    for (let life = 0; life < 3; life += 1) {
      await database.write([{ _id: 'a', life }], 'edit');
      await remove(['a']);
    }
    expect(await database.statistics()).toMatchObject({ documents: 0, deletedDocuments: 1 });
  });

  it('lists over long gaps of deleted documents', async () => {
    await database.write(numbered(1000), 'edit');
    await remove(
      numbered(1000)
        .map(({ _id }) => _id)
        .filter((_id) => _id !== 'doc-00000' && _id !== 'doc-00999'),
    );
    expect(await idsOf({})).toEqual(['doc-00000', 'doc-00999']);
    expect(await idsOf({ limit: 1, skip: 1 })).toEqual(['doc-00999']);
    expect(await idsOf({ descending: true, limit: 1 })).toEqual(['doc-00999']);
  });

  it('lists every page of a range once, whatever its size', async () => {
    await database.write(numbered(300), 'edit');
    const ids = numbered(300).map(({ _id }) => _id);
    for (const [skip, limit] of [
      [0, 300],
      [0, 64],
      [63, 65],
      [130, 1],
      [299, 5],
      [300, 5],
    ] as const) {
      expect(await idsOf({ skip, limit })).toEqual(ids.slice(skip, skip + limit));
      expect(await idsOf({ skip, limit, descending: true, withBodies: true })).toEqual(
        ids.toReversed().slice(skip, skip + limit),
      );
    }
  });

  it('orders and finds ids of all planes of Unicode', async () => {
    const ids = ['\u0001', 'a', 'ÿ', 'Ā', '\ud7ff', '\uffff', '\u{10000}', '\u{10ffff}'];
    await database.write(
      ids.toReversed().map((_id) => ({ _id })),
      'edit',
    );
    expect(await idsOf({})).toEqual(ids);
    expect(await idsOf({ startKey: '\uffff' })).toEqual(ids.slice(5));
    expect(await idsOf({ startKey: 'ÿ', endKey: '\u{10000}', inclusiveEnd: false })).toEqual(ids.slice(2, 6));
  });

  it('tells changes in pages that end by size, every document once', async () => {
    const large = Array.from({ length: 40 }, (_, n) => ({ _id: `large-${n}`, text: 'x'.repeat(200_000) }));
    await database.write(large, 'edit');
    const seen: string[] = [];
    let pages = 0;
    for (let since = 0, atEnd = false; !atEnd; pages += 1) {
      const page = await database.changes.read(since, Infinity);
      seen.push(...page.states.map(({ entry }) => entry.id));
      since = page.lastSequence;
      atEnd = page.atEnd;
    }
    expect(seen.toSorted()).toEqual(large.map(({ _id }) => _id).toSorted());
    expect(pages).toBeGreaterThan(1);
  });

  it('reads a page of changes once for all who ask for it at once', async () => {
    await database.write(numbered(3), 'edit');
    const pages = await Promise.all(Array.from({ length: 5 }, () => database.changes.read(0, 100)));
    expect(new Set(pages).size).toBe(1);
  });

  it('writes what comes at once in the order in which it came', async () => {
    const names = Array.from({ length: 50 }, (_, n) => `doc-${n}`);
    await Promise.all(names.map((_id) => database.write([{ _id }], 'edit')));
    const { states } = await database.changes.read(0, 100);
    expect(states.map(({ entry }) => entry.id)).toEqual(names);
  });

  it('lets a request that cannot be written hurt only itself', async () => {
    const missing = { 'a.bin': { stub: true, digest: 'md5-missing', content_type: 'x/y' } };
    const [good, bad, alsoGood] = await Promise.allSettled([
      database.write([{ _id: 'good' }], 'edit'),
      database.write([{ _id: 'bad', _attachments: missing }], 'edit'),
      database.write([{ _id: 'also-good' }], 'edit'),
    ]);
    expect([good.status, bad.status, alsoGood.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await idsOf({})).toEqual(['also-good', 'good']);
  });

  it('keeps the leaves and drops what they came of when it is compacted', async () => {
    await database.write([{ _id: 'a', n: 1 }], 'edit');
    const first = (await database.entry('a'))!.winner;
    await database.write([{ _id: 'a', _rev: first, n: 2 }], 'edit');
    await database.compact();
    const entry = (await database.entry('a'))!;
    const [old, current] = await database.bodies([
      { entry, rev: first },
      { entry, rev: entry.winner },
    ]);
    expect(old).toBeUndefined();
    expect(current).toMatchObject({ n: 2 });
    expect((await database.changes.read(0, 10)).states).toHaveLength(1);
  });

  it('loses no revision when it is compacted while it is written', async () => {
    const revs = new Map<string, string>();
    const update = async (_id: string, n: number) => {
      const rev = revs.get(_id);
      const [result] = await database.write(
        [{ _id, n, ...(rev === undefined ? {} : { _rev: rev }) }],
        'edit',
      );
      revs.set(_id, (result as { rev: string }).rev);
    };
    for (let n = 0; n < 20; n += 1)
      await Promise.all([database.compact(), ...['a', 'b', 'c', 'd'].map((id) => update(id, n))]);
    await database.compact();
    for (const [id, rev] of revs) {
      const entry = (await database.entry(id))!;
      expect(entry.revisions.map((revision) => revision.rev)).toHaveLength(20);
      expect(entry.winner).toBe(rev);
      const stored = entry.revisions.filter((revision) => entry.bodySequence(revision.rev) !== undefined);
      expect(stored.map((revision) => revision.rev)).toEqual([rev]);
      expect(await database.read(id)).toMatchObject({ n: 19 });
    }
  });

  it('wakes who waits for a write, and who waits when it is closed', async () => {
    const { signal } = new AbortController();
    const waiting = database.changes.wait(0, 60_000, signal);
    await database.write([{ _id: 'a' }], 'edit');
    expect(await waiting).toBe('written');
    const left = database.changes.wait(database.changes.updateSequence, 60_000, signal);
    await database.close();
    expect(await left).toBe('ended');
    await expect(database.write([{ _id: 'b' }], 'edit')).rejects.toMatchObject({ status: 404 });
    database = await open();
  });

  it('finishes what was asked for before it is closed', async () => {
    const writes = Array.from({ length: 20 }, (_, n) => database.write([{ _id: `doc-${n}` }], 'edit'));
    await database.close();
    await Promise.all(writes);
    database = await open();
    expect(await idsOf({})).toHaveLength(20);
  });
});
