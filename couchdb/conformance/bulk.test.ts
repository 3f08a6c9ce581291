import { beforeAll, describe, expect, it } from 'vitest';
import { useCouch, type StoredDocument } from './couch.ts';

interface BulkGetResult {
  id: string;
  docs: { ok?: StoredDocument; error?: { id: string; rev: string; error: string; reason: string } }[];
}

const couch = useCouch();
let db = '';
beforeAll(async () => {
  db = await couch().createDatabase();
});

const hash = (digit: string) => digit.repeat(32);

async function bulkGet(query: string, docs: unknown[]): Promise<BulkGetResult[]> {
  const { results } = await couch().post(`${db}/_bulk_get${query}`, { docs });
  return results as unknown as BulkGetResult[];
}

describe('_bulk_docs', () => {
  it('writes many, each answered at its place', async () => {
    await couch().put(`${db}/taken`, {});
    const docs = [{ _id: 'bulk-1', n: 1 }, { _id: 'taken', n: 2 }, { n: 3 }];
    const results = (await couch().post(`${db}/_bulk_docs`, { docs })) as unknown as StoredDocument[];
    expect(results).toMatchObject([
      { ok: true, id: 'bulk-1', rev: expect.stringMatching(/^1-/) as string },
      { id: 'taken', error: 'conflict', reason: 'Document update conflict.' },
      { ok: true, id: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
    ]);
    expect(await couch().get(`${db}/bulk-1`)).toMatchObject({ n: 1 });
  });

  it('updates and deletes', async () => {
    const { rev } = await couch().put(`${db}/bulk-delete`, {});
    const other = await couch().put(`${db}/bulk-update`, { n: 1 });
    await couch().post(`${db}/_bulk_docs`, {
      docs: [
        { _id: 'bulk-delete', _rev: rev, _deleted: true },
        { _id: 'bulk-update', _rev: other.rev, n: 2 },
      ],
    });
    expect(await couch().request('GET', `${db}/bulk-delete`)).toMatchObject({ status: 404 });
    expect(await couch().get(`${db}/bulk-update`)).toMatchObject({ n: 2 });
  });

  it('takes an empty list', async () => {
    expect(await couch().request('POST', `${db}/_bulk_docs`, { body: { docs: [] } })).toMatchObject({
      status: 201,
      body: [],
    });
  });

  it.each([
    ['no docs', {}],
    ['docs that are no list', { docs: 1 }],
    ['a document that is none', { docs: [1] }],
    ['an illegal id', { docs: [{ _id: '_odd' }] }],
    ['new_edits that is neither true nor false', { docs: [], new_edits: 3 }],
    ['new_edits false without a revision', { docs: [{ _id: 'x' }], new_edits: false }],
  ])('turns down %s', async (_what, body) => {
    expect(await couch().request('POST', `${db}/_bulk_docs`, { body })).toMatchObject({ status: 400 });
  });

  it('wants to be told that it is JSON', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect(await couch().request('POST', `${db}/_bulk_docs`, { body: '{"docs":[]}', headers })).toMatchObject(
      {
        status: 415,
        body: { error: 'bad_content_type' },
      },
    );
  });

  it('stores with new_edits false the revisions it is given, and answers nothing', async () => {
    const docs = [
      { _id: 'given-1', _rev: `1-${hash('a')}`, n: 1 },
      { _id: 'given-2', _rev: `2-${hash('b')}`, _revisions: { start: 2, ids: [hash('b'), hash('a')] }, n: 2 },
    ];
    expect(
      await couch().request('POST', `${db}/_bulk_docs`, { body: { docs, new_edits: false } }),
    ).toMatchObject({
      status: 201,
      body: [],
    });
    expect(await couch().get(`${db}/given-1`)).toMatchObject({ _rev: `1-${hash('a')}`, n: 1 });
    expect(await couch().get(`${db}/given-2?revs=true`)).toMatchObject({
      _rev: `2-${hash('b')}`,
      _revisions: { start: 2, ids: [hash('b'), hash('a')] },
    });
  });

  it('stores with new_edits false the same twice without a change', async () => {
    const docs = [{ _id: 'twice', _rev: `1-${hash('c')}`, _revisions: { start: 1, ids: [hash('c')] } }];
    await couch().post(`${db}/_bulk_docs`, { docs, new_edits: false });
    const before = (await couch().get(`${db}/_changes?since=0`)).results.find(({ id }) => id === 'twice');
    await couch().post(`${db}/_bulk_docs`, { docs, new_edits: false });
    const after = (await couch().get(`${db}/_changes?since=0`)).results.find(({ id }) => id === 'twice');
    expect(after?.changes).toEqual(before?.changes);
    expect(await couch().get(`${db}/twice?conflicts=true`)).not.toHaveProperty('_conflicts');
  });

  it('gives one result to many writers of the same revision at once', async () => {
    const docs = [{ _id: 'same', _rev: `1-${hash('d')}`, _revisions: { start: 1, ids: [hash('d')] }, n: 1 }];
    await Promise.all(
      Array.from({ length: 10 }, () => couch().post(`${db}/_bulk_docs`, { docs, new_edits: false })),
    );
    expect(await couch().get(`${db}/same?meta=true`)).toEqual({
      _id: 'same',
      _rev: `1-${hash('d')}`,
      n: 1,
      _revs_info: [{ rev: `1-${hash('d')}`, status: 'available' }],
    });
  });
});

describe('_bulk_get', () => {
  it('answers an empty list', async () => {
    expect(await bulkGet('', [])).toEqual([]);
  });

  it('reads documents and named revisions', async () => {
    const first = await couch().put(`${db}/read`, { n: 1 });
    const second = await couch().put(`${db}/read`, { _rev: first.rev, n: 2 });
    expect(await bulkGet('', [{ id: 'read' }, { id: 'read', rev: second.rev }])).toMatchObject([
      { id: 'read', docs: [{ ok: { _id: 'read', _rev: second.rev, n: 2 } }] },
      { id: 'read', docs: [{ ok: { _rev: second.rev } }] },
    ]);
  });

  it('reads with their ancestors', async () => {
    const first = await couch().put(`${db}/ancestors`, {});
    const second = await couch().put(`${db}/ancestors`, { _rev: first.rev });
    const [result] = await bulkGet('?revs=true', [{ id: 'ancestors', rev: second.rev }]);
    expect(result?.docs[0]?.ok?._revisions).toEqual({
      start: 2,
      ids: [second.rev, first.rev].map((rev) => rev.slice(2)),
    });
  });

  it('reads the latest in place of an ancestor', async () => {
    const first = await couch().put(`${db}/latest`, { n: 1 });
    const second = await couch().put(`${db}/latest`, { _rev: first.rev, n: 2 });
    const [result] = await bulkGet('?latest=true', [{ id: 'latest', rev: first.rev }]);
    expect(result?.docs).toMatchObject([{ ok: { _rev: second.rev, n: 2 } }]);
  });

  it('reads tombstones', async () => {
    const { rev } = await couch().put(`${db}/tombstone`, {});
    const deleted = await couch().expectOk('DELETE', `${db}/tombstone?rev=${rev}`);
    const [result] = await bulkGet('', [{ id: 'tombstone', rev: deleted.rev }]);
    expect(result?.docs).toMatchObject([{ ok: { _id: 'tombstone', _rev: deleted.rev, _deleted: true } }]);
  });

  it('says of each what is wrong with it', async () => {
    const missing = { error: 'not_found', reason: 'missing' };
    expect(
      await bulkGet('', [{ id: 'nowhere' }, { id: 'nowhere', rev: `1-${hash('e')}` }, { rev: '1-a' }, 5]),
    ).toMatchObject([
      { id: 'nowhere', docs: [{ error: { id: 'nowhere', ...missing } }] },
      { id: 'nowhere', docs: [{ error: { id: 'nowhere', rev: `1-${hash('e')}`, ...missing } }] },
      { docs: [{ error: { error: 'bad_request' } }] },
      { docs: [{ error: { error: 'bad_request' } }] },
    ]);
  });

  it('wants a list', async () => {
    expect(await couch().request('POST', `${db}/_bulk_get`, { body: {} })).toMatchObject({ status: 400 });
  });
});
