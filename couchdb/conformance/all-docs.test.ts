import { beforeAll, describe, expect, it } from 'vitest';
import { useCouch, type Body } from './couch.ts';

const couch = useCouch();
let db = '';
const ids = ['Z', 'a:1', 'a:2', 'a:3', 'b', 'é', '日', '😀'];
beforeAll(async () => {
  db = await couch().createDatabase();
  await couch().post(`${db}/_bulk_docs`, { docs: ids.map((_id) => ({ _id, name: _id })) });
  const { rev } = await couch().put(`${db}/a:2-deleted`, {});
  await couch().expectOk('DELETE', `${db}/a:2-deleted?rev=${rev}`);
});

function list(parameters: Record<string, unknown>): Promise<Body> {
  const texts = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    JSON.stringify(value),
  ]);
  return couch().get(`${db}/_all_docs?${new URLSearchParams(texts).toString()}`);
}

async function idsOf(parameters: Record<string, unknown>): Promise<string[]> {
  return (await list(parameters)).rows.map(({ id }) => id);
}

describe('_all_docs', () => {
  it('lists all that live, in the order of their bytes', async () => {
    const { total_rows, rows } = await list({});
    expect(total_rows).toBe(ids.length);
    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect(rows[0]).toEqual({ id: 'Z', key: 'Z', value: { rev: expect.stringMatching(/^1-/) as string } });
  });

  it.each([
    ['from a key', { startkey: 'b' }, ['b', 'é', '日', '😀']],
    ['to a key', { endkey: 'a:2' }, ['Z', 'a:1', 'a:2']],
    ['to before a key', { endkey: 'a:2', inclusive_end: false }, ['Z', 'a:1']],
    ['between two keys', { startkey: 'a:', endkey: 'a:\ufff0' }, ['a:1', 'a:2', 'a:3']],
    ['between keys that are not there', { startkey: 'a:11', endkey: 'a:29' }, ['a:2']],
    ['under the other names of the keys', { start_key: 'a:', end_key: 'a:2' }, ['a:1', 'a:2']],
    ['backwards', { descending: true, limit: 3 }, ['😀', '日', 'é']],
    [
      'backwards between two keys',
      { descending: true, startkey: 'a:3', endkey: 'a:1' },
      ['a:3', 'a:2', 'a:1'],
    ],
    [
      'backwards to before a key',
      { descending: true, startkey: 'a:3', endkey: 'a:1', inclusive_end: false },
      ['a:3', 'a:2'],
    ],
    ['no more than asked for', { limit: 2 }, ['Z', 'a:1']],
    ['none at all', { limit: 0 }, []],
    ['after some', { skip: 6 }, ['日', '😀']],
    ['a page in a range', { startkey: 'a:', skip: 1, limit: 2 }, ['a:2', 'a:3']],
    ['one key', { key: 'b' }, ['b']],
    ['a key that is not there', { key: 'c' }, []],
    ['a key that was deleted', { key: 'a:2-deleted' }, []],
    ['an empty range', { startkey: 'b', endkey: 'a' }, []],
  ])('lists %s', async (_what, parameters, expected) => {
    expect(await idsOf(parameters)).toEqual(expected);
  });

  it('lists with the documents', async () => {
    const { rows } = await list({ startkey: 'a:', endkey: 'a:2', include_docs: true });
    expect(rows.map(({ doc }) => doc)).toMatchObject([
      { _id: 'a:1', name: 'a:1' },
      { _id: 'a:2', name: 'a:2' },
    ]);
    expect(rows[0]?.doc?._rev).toBe(rows[0]?.value.rev);
  });

  const wanted = ['b', 'nowhere', 'a:2-deleted', 'a:1'];
  const found = [
    { id: 'b', key: 'b' },
    { key: 'nowhere', error: 'not_found' },
    { id: 'a:2-deleted', value: { deleted: true } },
    { id: 'a:1', key: 'a:1' },
  ];

  it('looks keys up in their order', async () => {
    expect((await list({ keys: wanted })).rows).toMatchObject(found);
  });

  it('looks posted keys up, with the documents', async () => {
    const { rows } = await couch().post(`${db}/_all_docs?include_docs=true`, { keys: wanted });
    expect(rows).toMatchObject(found);
    expect(rows.map(({ doc }) => doc?._id)).toEqual(['b', undefined, undefined, 'a:1']);
  });

  it('looks up some of the keys', async () => {
    expect(await idsOf({ keys: ['b', 'a:1', 'Z'], skip: 1, limit: 1 })).toEqual(['a:1']);
  });

  it('looks up nothing for no keys', async () => {
    expect(await idsOf({ keys: [] })).toEqual([]);
  });

  it('reads its parameters from a posted body, too', async () => {
    const { rows } = await couch().post(`${db}/_all_docs`, { startkey: 'a:', limit: 2, include_docs: true });
    expect(rows).toMatchObject([{ id: 'a:1', doc: { name: 'a:1' } }, { id: 'a:2' }]);
  });

  it('answers several questions at once', async () => {
    const queries = [{ keys: ['b'] }, { startkey: 'a:', limit: 1, include_docs: true }, { limit: 0 }];
    const { results } = await couch().post(`${db}/_all_docs/queries`, { queries });
    expect(results).toMatchObject([
      { total_rows: ids.length, rows: [{ id: 'b' }] },
      { rows: [{ id: 'a:1', doc: { name: 'a:1' } }] },
      { rows: [] },
    ]);
  });

  it.each([
    ['a key that is not JSON', '?startkey=odd'],
    ['a limit that is no number', '?limit=many'],
    ['a flag that is none', '?include_docs=perhaps'],
    ['keys that are no list', '?keys=5'],
  ])('turns down %s', async (_what, query) => {
    expect(await couch().request('GET', `${db}/_all_docs${query}`)).toMatchObject({ status: 400 });
  });

  it('turns down questions that are none', async () => {
    expect(await couch().request('POST', `${db}/_all_docs/queries`, { body: {} })).toMatchObject({
      status: 400,
    });
    expect(await couch().request('POST', `${db}/_all_docs`, { body: { keys: 5 } })).toMatchObject({
      status: 400,
    });
  });

  it('tells the sequence it was read at', async () => {
    expect(await list({ update_seq: true, limit: 1 })).toMatchObject({
      update_seq: expect.any(String) as string,
    });
  });

  it('lists a thousand in one answer, every one once', async () => {
    const many = await couch().createDatabase();
    const docs = Array.from({ length: 1000 }, (_, n) => ({ _id: `doc-${String(n).padStart(4, '0')}`, n }));
    await couch().post(`${many}/_bulk_docs`, { docs });
    for (const descending of [false, true]) {
      const { rows } = await couch().get(`${many}/_all_docs?include_docs=true&descending=${descending}`);
      const expected = docs.map(({ n }) => n);
      expect(rows.map(({ doc }) => doc?.['n'])).toEqual(descending ? expected.toReversed() : expected);
    }
  });
});
