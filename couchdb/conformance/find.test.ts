import { beforeAll, describe, expect, it } from 'vitest';
import { useCouch, type StoredDocument } from './couch.ts';

const couch = useCouch();
let db = '';
const people = [
  { _id: 'p1', name: 'Ada', age: 36, address: { city: 'London' }, tags: ['a', 'b'] },
  { _id: 'p2', name: 'Bob', age: 20, address: { city: 'Paris' } },
  { _id: 'p3', name: 'Cleo', age: 50, address: { city: 'Paris' }, tags: ['b'] },
  { _id: 'p4', name: 'Dan' },
];
beforeAll(async () => {
  db = await couch().createDatabase();
  await couch().post(`${db}/_bulk_docs`, { docs: people });
  await couch().post(`${db}/_index`, { index: { fields: ['age'] }, name: 'by-age', ddoc: 'ages' });
});

async function find(body: object): Promise<StoredDocument[]> {
  return (await couch().post(`${db}/_find`, body)).docs;
}

describe('_find', () => {
  it.each([
    ['a value', { name: 'Ada' }, ['p1']],
    ['a value in a nested field', { 'address.city': 'Paris' }, ['p2', 'p3']],
    ['a range', { age: { $gt: 20, $lte: 50 } }, ['p1', 'p3']],
    ['an id range', { _id: { $gte: 'p2', $lt: 'p4' } }, ['p2', 'p3']],
    ['one of several', { name: { $in: ['Bob', 'Dan'] } }, ['p2', 'p4']],
    ['this or that', { $or: [{ age: 20 }, { name: 'Dan' }] }, ['p2', 'p4']],
    ['not that', { $not: { name: 'Dan' } }, ['p1', 'p2', 'p3']],
    ['a field that is there', { tags: { $exists: true } }, ['p1', 'p3']],
    ['an element', { tags: { $elemMatch: { $eq: 'a' } } }, ['p1']],
    ['a pattern', { name: { $regex: '^C' } }, ['p3']],
    ['anything', {}, ['p1', 'p2', 'p3', 'p4']],
  ])('finds by %s', async (_what, selector, expected) => {
    expect((await find({ selector })).map(({ _id }) => _id)).toEqual(expected);
  });

  it('answers whole documents, or some of their fields', async () => {
    expect(await find({ selector: { _id: 'p1' } })).toMatchObject([people[0]]);
    expect(await find({ selector: { _id: 'p1' }, fields: ['name', 'address.city'] })).toEqual([
      { name: 'Ada', address: { city: 'London' } },
    ]);
  });

  it('sorts by what has an index', async () => {
    const selector = { age: { $gt: 0 } };
    expect((await find({ selector, sort: ['age'] })).map(({ _id }) => _id)).toEqual(['p2', 'p1', 'p3']);
    expect((await find({ selector, sort: [{ age: 'desc' }] })).map(({ _id }) => _id)).toEqual([
      'p3',
      'p1',
      'p2',
    ]);
  });

  it('does not sort by what has none', async () => {
    expect(
      await couch().request('POST', `${db}/_find`, { body: { selector: { name: 'Ada' }, sort: ['name'] } }),
    ).toMatchObject({ status: 400, body: { error: 'no_usable_index' } });
  });

  it('comes in pages', async () => {
    const selector = { _id: { $gt: '' } };
    expect((await find({ selector, limit: 2, skip: 1 })).map(({ _id }) => _id)).toEqual(['p2', 'p3']);
    const { docs, bookmark } = await couch().post(`${db}/_find`, { selector, limit: 3 });
    expect(docs).toHaveLength(3);
    expect((await find({ selector, limit: 3, bookmark })).map(({ _id }) => _id)).toEqual(['p4']);
  });

  it.each([
    ['no selector', {}, 'missing_required_key'],
    ['a selector that is none', { selector: 5 }, 'invalid_selector_json'],
    ['an unknown operator', { selector: { a: { $odd: 1 } } }, 'invalid_operator'],
  ])('turns down %s', async (_what, body, error) => {
    expect(await couch().request('POST', `${db}/_find`, { body })).toMatchObject({
      status: 400,
      body: { error },
    });
  });
});

describe('_index', () => {
  it('is made once', async () => {
    const body = { index: { fields: ['name'] }, name: 'by-name', ddoc: 'names' };
    expect(await couch().post(`${db}/_index`, body)).toMatchObject({ result: 'created', name: 'by-name' });
    expect(await couch().post(`${db}/_index`, body)).toMatchObject({ result: 'exists', id: '_design/names' });
  });

  it('is listed beside that of the ids', async () => {
    expect(await couch().get(`${db}/_index`)).toMatchObject({
      indexes: expect.arrayContaining([
        expect.objectContaining({ ddoc: null, name: '_all_docs', type: 'special' }),
        expect.objectContaining({
          ddoc: '_design/ages',
          name: 'by-age',
          type: 'json',
          def: { fields: [{ age: 'asc' }] },
        }),
      ]) as unknown[],
    });
  });

  it('is removed once', async () => {
    await couch().post(`${db}/_index`, { index: { fields: ['gone'] }, name: 'gone', ddoc: 'gone' });
    expect(await couch().request('DELETE', `${db}/_index/gone/json/gone`)).toMatchObject({
      status: 200,
      body: { ok: true },
    });
    expect(await couch().request('DELETE', `${db}/_index/gone/json/gone`)).toMatchObject({ status: 404 });
  });

  it('wants to know of what', async () => {
    expect(await couch().request('POST', `${db}/_index`, { body: {} })).toMatchObject({
      status: 400,
      body: { error: 'missing_required_key' },
    });
  });
});
