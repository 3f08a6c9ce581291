import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useCouch, type StoredDocument } from './couch.ts';

const couch = useCouch();
let db = '';
beforeAll(async () => {
  db = await couch().createDatabase();
});

const hash = (digit: string) => digit.repeat(32);
const rev = (generation: number, digit: string) => `${generation}-${hash(digit)}`;

let id = '';
let documents = 0;
beforeEach(() => {
  id = `doc-${(documents += 1)}`;
});

/** Stores a revision as a replication peer does: `digits` name it and its ancestors, the newest first. */
async function store(digits: string, content: object = {}): Promise<void> {
  const ids = Array.from(digits, hash);
  const document = {
    _id: id,
    _rev: `${ids.length}-${ids[0]}`,
    _revisions: { start: ids.length, ids },
    ...content,
  };
  expect(await couch().post(`${db}/_bulk_docs`, { docs: [document], new_edits: false })).toEqual([]);
}

describe('conflicting revisions', () => {
  it('are kept side by side, and the higher hash wins among equals', async () => {
    await store('a', { n: 'a' });
    await store('b', { n: 'b' });
    expect(await couch().get(`${db}/${id}?conflicts=true`)).toMatchObject({
      _rev: rev(1, 'b'),
      n: 'b',
      _conflicts: [rev(1, 'a')],
    });
  });

  it('are won by the longer history', async () => {
    await store('f');
    await store('1a', { n: 'longer' });
    expect(await couch().get(`${db}/${id}`)).toMatchObject({ _rev: rev(2, '1'), n: 'longer' });
  });

  it('are won by what lives over what is deleted', async () => {
    await store('a', { n: 'alive' });
    await store('31b', { _deleted: true });
    expect(await couch().get(`${db}/${id}?meta=true`)).toMatchObject({
      _rev: rev(1, 'a'),
      _deleted_conflicts: [rev(3, '3')],
    });
  });

  it('end when the losers are deleted', async () => {
    await store('a');
    await store('b');
    await couch().expectOk('DELETE', `${db}/${id}?rev=${rev(1, 'a')}`);
    const document = await couch().get(`${db}/${id}?conflicts=true`);
    expect(document._rev).toBe(rev(1, 'b'));
    expect(document).not.toHaveProperty('_conflicts');
  });

  it('are seen in the list, the feed and their leaves', async () => {
    await store('a');
    await store('b');
    const key = encodeURIComponent(JSON.stringify(id));
    const { rows } = await couch().get(`${db}/_all_docs?key=${key}&include_docs=true&conflicts=true`);
    expect(rows[0]?.doc).toMatchObject({ _conflicts: [rev(1, 'a')] });
    const changes = await couch().get(`${db}/_changes?style=all_docs&include_docs=true&conflicts=true`);
    const change = changes.results.find((row) => row.id === id);
    expect(change?.changes).toEqual([{ rev: rev(1, 'b') }, { rev: rev(1, 'a') }]);
    expect(change?.doc).toMatchObject({ _conflicts: [rev(1, 'a')] });
    const main = (await couch().get(`${db}/_changes`)).results.find((row) => row.id === id);
    expect(main?.changes).toEqual([{ rev: rev(1, 'b') }]);
  });
});

describe('tombstones', () => {
  it('that come after the body delete it', async () => {
    await store('1', { n: 1 });
    await store('21', { _deleted: true });
    expect(await couch().request('GET', `${db}/${id}`)).toMatchObject({
      status: 404,
      body: { reason: 'deleted' },
    });
  });

  it('that name the body as their ancestor keep it dead when it comes later', async () => {
    await store('21', { _deleted: true });
    await store('1', { n: 'late' });
    expect(await couch().request('GET', `${db}/${id}`)).toMatchObject({
      status: 404,
      body: { reason: 'deleted' },
    });
    const changes = (await couch().get(`${db}/_changes?style=all_docs`)).results.find((row) => row.id === id);
    expect(changes).toMatchObject({ deleted: true, changes: [{ rev: rev(2, '2') }] });
  });

  it('keep it dead however often and at whatever moment it comes', async () => {
    await Promise.all([store('1', { n: 1 }), store('21', { _deleted: true }), store('1', { n: 1 })]);
    await store('1', { n: 1 });
    expect(await couch().request('GET', `${db}/${id}`)).toMatchObject({ status: 404 });
  });

  it('keep it dead after compaction', async () => {
    await store('1', { n: 1 });
    await store('21', { _deleted: true });
    await couch().post(`${db}/_compact`, {});
    await store('1', { n: 1 });
    expect(await couch().request('GET', `${db}/${id}`)).toMatchObject({ status: 404 });
  });

  it('that do not name the body let it come back: writers must name it', async () => {
    const document = { _id: id, _rev: rev(2, '2'), _deleted: true };
    await couch().post(`${db}/_bulk_docs`, { docs: [document], new_edits: false });
    await store('1', { n: 'back' });
    expect(await couch().get(`${db}/${id}`)).toMatchObject({ n: 'back' });
  });

  it('count as deleted documents even without a body ever', async () => {
    const before = await couch().get(db);
    await store('21', { _deleted: true });
    const after = await couch().get(db);
    expect(after.doc_del_count).toBe(before.doc_del_count + 1);
    expect(after.doc_count).toBe(before.doc_count);
  });
});

describe('open_revs', () => {
  it('reads all leaves', async () => {
    await store('a', { n: 'a' });
    await store('b', { n: 'b' });
    const leaves = (await couch().get(`${db}/${id}?open_revs=all`)) as unknown as { ok: StoredDocument }[];
    expect(leaves.map(({ ok }) => ok._rev).toSorted()).toEqual([rev(1, 'a'), rev(1, 'b')]);
  });

  it('reads those that are named and says which are missing', async () => {
    await store('1', { n: 1 });
    const asked = encodeURIComponent(JSON.stringify([rev(1, '1'), rev(9, '9')]));
    expect(await couch().get(`${db}/${id}?open_revs=${asked}&revs=true`)).toEqual([
      { ok: { _id: id, _rev: rev(1, '1'), n: 1, _revisions: { start: 1, ids: [hash('1')] } } },
      { missing: rev(9, '9') },
    ]);
  });

  it('reads the latest in place of an ancestor', async () => {
    await store('1');
    await store('21', { n: 2 });
    const asked = encodeURIComponent(JSON.stringify([rev(1, '1')]));
    expect(await couch().get(`${db}/${id}?open_revs=${asked}&latest=true`)).toMatchObject([
      { ok: { _rev: rev(2, '2'), n: 2 } },
    ]);
  });

  it('reads a tombstone', async () => {
    await store('21', { _deleted: true });
    expect(await couch().get(`${db}/${id}?open_revs=all`)).toMatchObject([
      { ok: { _rev: rev(2, '2'), _deleted: true } },
    ]);
  });

  it('answers in parts who asks for them', async () => {
    await store('1', { n: 1 });
    const asked = encodeURIComponent(JSON.stringify([rev(1, '1'), rev(9, '9')]));
    const { status, headers, text } = await couch().request('GET', `${db}/${id}?open_revs=${asked}`, {
      headers: { accept: 'multipart/mixed' },
    });
    expect(status).toBe(200);
    const boundary = /^multipart\/mixed; boundary="(.+)"$/.exec(headers.get('content-type') ?? '')?.[1];
    const parts = text.split(`--${boundary}`);
    expect(parts[1]).toMatch(/content-type: application\/json\r\n\r\n/i);
    expect(JSON.parse(parts[1]!.split('\r\n\r\n')[1]!)).toMatchObject({ _rev: rev(1, '1'), n: 1 });
    expect(parts[2]).toMatch(/error="true"\r\n\r\n\{"missing":/);
    expect(parts[3]).toBe('--');
  });

  it('says of a document that never was that it is missing', async () => {
    expect(await couch().request('GET', `${db}/nowhere?open_revs=all`)).toMatchObject({ status: 404 });
    expect(await couch().get(`${db}/nowhere?open_revs=["${rev(1, '1')}"]`)).toEqual([
      { missing: rev(1, '1') },
    ]);
  });
});

describe('revisions of a document', () => {
  it('are read by name, and are missing by another', async () => {
    const first = await couch().put(`${db}/${id}`, { n: 1 });
    const second = await couch().put(`${db}/${id}`, { _rev: first.rev, n: 2 });
    expect(await couch().get(`${db}/${id}?rev=${second.rev}`)).toMatchObject({ n: 2 });
    expect(await couch().request('GET', `${db}/${id}?rev=${rev(7, '7')}`)).toMatchObject({ status: 404 });
    expect(await couch().request('GET', `${db}/${id}?rev=odd`)).toMatchObject({ status: 400 });
  });

  it('are listed with what is left of them', async () => {
    await store('21');
    expect(await couch().get(`${db}/${id}?revs=true&revs_info=true`)).toMatchObject({
      _revisions: { start: 2, ids: [hash('2'), hash('1')] },
      _revs_info: [
        { rev: rev(2, '2'), status: 'available' },
        { rev: rev(1, '1'), status: 'missing' },
      ],
    });
  });

  it('come from a peer by PUT, too', async () => {
    const body = { _rev: rev(3, '3'), n: 3 };
    expect(await couch().request('PUT', `${db}/${id}?new_edits=false`, { body })).toMatchObject({
      status: 201,
    });
    expect(await couch().get(`${db}/${id}`)).toMatchObject({ _rev: rev(3, '3'), n: 3 });
    expect(await couch().request('PUT', `${db}/${id}?new_edits=false`, { body: {} })).toMatchObject({
      status: 400,
    });
  });
});

describe('_revs_diff', () => {
  it('answers which revisions are missing, and what they may come of', async () => {
    await store('1');
    const asked = { [id]: [rev(1, '1'), rev(2, '2')], nowhere: [rev(1, 'a')] };
    expect(await couch().post(`${db}/_revs_diff`, asked)).toEqual({
      [id]: { missing: [rev(2, '2')], possible_ancestors: [rev(1, '1')] },
      nowhere: { missing: [rev(1, 'a')] },
    });
  });

  it('does not miss an ancestor whose body never came', async () => {
    await store('21', { _deleted: true });
    expect(await couch().post(`${db}/_revs_diff`, { [id]: [rev(1, '1'), rev(2, '2')] })).toEqual({});
  });

  it('answers nothing for nothing', async () => {
    expect(await couch().post(`${db}/_revs_diff`, {})).toEqual({});
  });

  it('turns down what is no revision', async () => {
    expect(await couch().request('POST', `${db}/_revs_diff`, { body: { a: ['odd'] } })).toMatchObject({
      status: 400,
    });
  });

  it('has an older sister', async () => {
    await store('1');
    expect(await couch().post(`${db}/_missing_revs`, { [id]: [rev(1, '1'), rev(2, '2')] })).toEqual({
      missing_revs: { [id]: [rev(2, '2')] },
    });
  });
});
