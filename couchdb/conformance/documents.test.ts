import { beforeAll, describe, expect, it } from 'vitest';
import { useCouch } from './couch.ts';

const couch = useCouch();
let db = '';
beforeAll(async () => {
  db = await couch().createDatabase();
});

describe('a document', () => {
  it('is created, with its revision as entity tag', async () => {
    const { status, body, headers } = await couch().request('PUT', `${db}/created`, { body: { n: 1 } });
    expect({ status, body }).toMatchObject({ status: 201, body: { ok: true, id: 'created' } });
    expect(body.rev).toMatch(/^1-[0-9a-f]{32}$/);
    expect(headers.get('etag')).toBe(`"${body.rev}"`);
    expect(headers.get('location')).toMatch(new RegExp(`${db}/created$`));
  });

  it('is read as it was written', async () => {
    const content = { text: 'ü€😀', list: [1, 2.5, null, true], nested: { a: { b: 'c' } }, empty: '' };
    const { rev } = await couch().put(`${db}/read`, content);
    expect(await couch().get(`${db}/read`)).toEqual({ _id: 'read', _rev: rev, ...content });
  });

  it('is not sent again to who has it', async () => {
    const { rev } = await couch().put(`${db}/fresh`, {});
    const { status, text } = await couch().request('GET', `${db}/fresh`, {
      headers: { 'if-none-match': `"${rev}"` },
    });
    expect({ status, text }).toEqual({ status: 304, text: '' });
  });

  it('answers HEAD with its entity tag', async () => {
    const { rev } = await couch().put(`${db}/head`, {});
    const { status, text, headers } = await couch().request('HEAD', `${db}/head`);
    expect({ status, text, tag: headers.get('etag') }).toEqual({ status: 200, text: '', tag: `"${rev}"` });
  });

  it('is updated on top of its revision', async () => {
    const first = await couch().put(`${db}/update`, { n: 1 });
    const second = await couch().put(`${db}/update`, { _rev: first.rev, n: 2 });
    expect(second.rev).toMatch(/^2-/);
    expect(await couch().get(`${db}/update`)).toMatchObject({ _rev: second.rev, n: 2 });
  });

  it('is updated on top of the revision in the query or in if-match', async () => {
    const first = await couch().put(`${db}/bases`, { n: 1 });
    const second = await couch().put(`${db}/bases?rev=${first.rev}`, { n: 2 });
    const third = await couch().expectOk('PUT', `${db}/bases`, {
      body: { n: 3 },
      headers: { 'if-match': `"${second.rev}"` },
    });
    expect(third.rev).toMatch(/^3-/);
  });

  it('is not updated when two revisions are named', async () => {
    const { rev } = await couch().put(`${db}/two-bases`, {});
    expect(
      await couch().request('PUT', `${db}/two-bases?rev=${rev}`, { body: { _rev: '1-abc' } }),
    ).toMatchObject({ status: 400, body: { error: 'bad_request' } });
  });

  it.each([
    ['none', {}],
    ['another', { _rev: '1-0123456789abcdef0123456789abcdef' }],
  ])('is not overwritten with %s of its revisions', async (name, base) => {
    await couch().put(`${db}/conflict-${name}`, { n: 1 });
    expect(await couch().request('PUT', `${db}/conflict-${name}`, { body: { ...base, n: 2 } })).toEqual(
      expect.objectContaining({
        status: 409,
        body: { error: 'conflict', reason: 'Document update conflict.' },
      }),
    );
    expect(await couch().get(`${db}/conflict-${name}`)).toMatchObject({ n: 1 });
  });

  it('is deleted, and then missing because deleted', async () => {
    const { rev } = await couch().put(`${db}/deleted`, {});
    const { status, body } = await couch().request('DELETE', `${db}/deleted?rev=${rev}`);
    expect({ status, body }).toMatchObject({ status: 200, body: { ok: true, id: 'deleted' } });
    expect(body.rev).toMatch(/^2-/);
    expect(await couch().request('GET', `${db}/deleted`)).toMatchObject({
      status: 404,
      body: { error: 'not_found', reason: 'deleted' },
    });
    expect(await couch().get(`${db}/deleted?rev=${body.rev}`)).toMatchObject({ _deleted: true });
    expect(await couch().request('DELETE', `${db}/deleted?rev=${body.rev}`)).toMatchObject({ status: 404 });
  });

  it('is not deleted without its revision', async () => {
    await couch().put(`${db}/kept`, {});
    for (const query of ['', '?rev=1-0123456789abcdef0123456789abcdef'])
      expect(await couch().request('DELETE', `${db}/kept${query}`)).toMatchObject({ status: 409 });
  });

  it('is deleted by writing that it is', async () => {
    const { rev } = await couch().put(`${db}/written-off`, {});
    expect(
      await couch().request('PUT', `${db}/written-off`, { body: { _rev: rev, _deleted: true } }),
    ).toMatchObject({ status: 200 });
    expect(await couch().request('GET', `${db}/written-off`)).toMatchObject({ status: 404 });
  });

  it('can be created again after its deletion, on top of it', async () => {
    const { rev } = await couch().put(`${db}/again`, { n: 1 });
    await couch().expectOk('DELETE', `${db}/again?rev=${rev}`);
    const again = await couch().put(`${db}/again`, { n: 2 });
    expect(again.rev).toMatch(/^3-/);
    expect(await couch().get(`${db}/again`)).toMatchObject({ n: 2 });
  });

  it('is missing when it never was', async () => {
    for (const method of ['GET', 'DELETE'])
      expect(await couch().request(method, `${db}/nowhere`)).toMatchObject({
        status: 404,
        body: { error: 'not_found', reason: 'missing' },
      });
  });

  it('gets an id when it is posted without one', async () => {
    const { status, body } = await couch().request('POST', db, { body: { n: 1 } });
    expect(status).toBe(201);
    expect(await couch().get(`${db}/${body.id}`)).toMatchObject({ n: 1 });
  });

  it('keeps the id it is posted with', async () => {
    expect(await couch().request('POST', db, { body: { _id: 'posted' } })).toMatchObject({
      status: 201,
      body: { id: 'posted' },
    });
    expect(await couch().request('POST', db, { body: { _id: 'posted' } })).toMatchObject({ status: 409 });
  });

  it('is posted as JSON', async () => {
    expect(
      await couch().request('POST', db, { body: 'x', headers: { 'content-type': 'text/plain' } }),
    ).toMatchObject({ status: 415, body: { error: 'bad_content_type' } });
  });

  it.each([
    'with space',
    'with/slash',
    'with+plus',
    'with?question&and#hash',
    'with%percent',
    'with:colon@at',
    '日本語',
    'emoji 😀',
    'é composed and e\u0301 decomposed',
    '"quotes" and \\backslash',
  ])('may be named %j', async (name) => {
    const resource = `${db}/${encodeURIComponent(name)}`;
    await couch().put(resource, { name });
    expect(await couch().get(resource)).toMatchObject({ _id: name, name });
    const key = encodeURIComponent(JSON.stringify(name));
    expect((await couch().get(`${db}/_all_docs?key=${key}`)).rows).toMatchObject([{ id: name }]);
  });

  it('is named by its address, whatever the body says', async () => {
    await couch().put(`${db}/address`, { _id: 'body' });
    await couch().get(`${db}/address`);
    expect(await couch().request('GET', `${db}/body`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['an id that begins with an underscore', '_odd', {}, 'illegal_docid'],
    ['an id that is no text', 'id', { _id: 5 }, 'illegal_docid'],
    ['a reserved member', 'id', { _odd: 1 }, 'doc_validation'],
    ['a deletion that is neither true nor false', 'id', { _deleted: 'yes' }, 'doc_validation'],
    ['a revision without a generation', 'id', { _rev: 'abc' }, 'bad_request'],
    ['ancestors without a start', 'id', { _revisions: { ids: ['a'] } }, 'doc_validation'],
    ['a list', 'id', [], 'bad_request'],
    ['a number', 'id', 5, 'bad_request'],
    ['something that is not JSON', 'id', '{bad', 'bad_request'],
  ])('is not %s', async (_what, id, body, error) => {
    expect(await couch().request('PUT', `${db}/${id}`, { body })).toMatchObject({
      status: 400,
      body: { error, reason: expect.any(String) as string },
    });
  });

  it('is not larger than it may be', async () => {
    const body = { payload: 'x'.repeat(8_100_000) };
    expect(await couch().request('PUT', `${db}/large`, { body })).toMatchObject({
      status: 413,
      body: { error: 'document_too_large' },
    });
  });

  it('is there for who reads after two hundred writers wrote at once', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    const revs = await Promise.all(
      names.map(async (name) => (await couch().put(`${db}/${name}`, { name })).rev),
    );
    const { rows } = await couch().get(`${db}/_all_docs?startkey="many-"&endkey="many-z"`);
    expect(rows.map(({ value }) => value.rev).toSorted()).toEqual(revs.toSorted());
  });

  it('has one winner when many write it at once', async () => {
    const { rev } = await couch().put(`${db}/race`, { n: 0 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => couch().request('PUT', `${db}/race`, { body: { _rev: rev, n } })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(19).fill(409)]);
    const winner = answers.findIndex(({ status }) => status === 201);
    expect(await couch().get(`${db}/race`)).toMatchObject({ n: winner });
  });
});

describe('a _local document', () => {
  it('is written, read, updated and removed', async () => {
    const resource = `${db}/_local/one`;
    expect(await couch().request('GET', resource)).toMatchObject({ status: 404 });
    const first = await couch().request('PUT', resource, { body: { n: 1 } });
    expect(first).toMatchObject({ status: 201, body: { ok: true, id: '_local/one', rev: '0-1' } });
    expect(await couch().put(resource, { _rev: '0-1', n: 2 })).toMatchObject({ rev: '0-2' });
    expect(await couch().get(resource)).toEqual({ _id: '_local/one', _rev: '0-2', n: 2 });
    await couch().expectOk('DELETE', `${resource}?rev=0-2`);
    expect(await couch().request('GET', resource)).toMatchObject({ status: 404 });
  });

  it('is updated in the form of CouchDB’s own checkpoints', async () => {
    const resource = `${db}/_local/checkpoint`;
    let rev = '0-1';
    expect(await couch().put(resource, { session_id: 's', history: [] })).toMatchObject({ rev });
    for (const next of ['0-2', '0-3']) {
      const _revisions = { start: 0, ids: [rev.slice('0-'.length)] };
      const body = { _id: '_local/checkpoint', _rev: rev, session_id: next, history: [], _revisions };
      expect(await couch().put(resource, body)).toMatchObject({ rev: next });
      rev = next;
    }
    expect(await couch().get(resource)).toEqual({
      _id: '_local/checkpoint',
      _rev: '0-3',
      session_id: '0-3',
      history: [],
    });
    const many = { docs: [{ _id: '_local/checkpoint', _rev: rev, _revisions: { start: 0, ids: ['3'] } }] };
    expect(await couch().post(`${db}/_bulk_docs`, many)).toMatchObject([{ ok: true, rev: '0-4' }]);
  });

  it('may have its slash encoded', async () => {
    await couch().put(`${db}/_local%2Fencoded`, { n: 1 });
    expect(await couch().get(`${db}/_local/encoded`)).toMatchObject({ n: 1 });
  });

  it('is in no list and no feed', async () => {
    await couch().put(`${db}/_local/hidden`, {});
    const ids = (await couch().get(`${db}/_all_docs`)).rows.map(({ id }) => id);
    const changed = (await couch().get(`${db}/_changes`)).results.map(({ id }) => id);
    expect([...ids, ...changed].filter((id) => id.startsWith('_local'))).toEqual([]);
  });

  it('is written among others', async () => {
    const docs = [{ _id: '_local/bulk', n: 1 }, { _id: 'beside-local' }];
    expect(await couch().post(`${db}/_bulk_docs`, { docs })).toMatchObject([
      { ok: true, id: '_local/bulk', rev: '0-1' },
      { ok: true, id: 'beside-local' },
    ]);
    expect(await couch().get(`${db}/_local/bulk`)).toMatchObject({ n: 1 });
  });
});

describe('a design document', () => {
  it('is written and read under its path', async () => {
    await couch().put(`${db}/_design/one`, { language: 'none' });
    expect(await couch().get(`${db}/_design/one`)).toMatchObject({ _id: '_design/one', language: 'none' });
  });

  it('is listed with the others and alone', async () => {
    await couch().put(`${db}/_design/two`, {});
    const all = (await couch().get(`${db}/_all_docs`)).rows.map(({ id }) => id);
    expect(all).toContain('_design/two');
    const designs = (await couch().get(`${db}/_design_docs`)).rows.map(({ id }) => id);
    expect(designs).toContain('_design/two');
    expect(designs.filter((id) => !id.startsWith('_design/'))).toEqual([]);
  });

  it('that is missing has no views', async () => {
    expect(await couch().request('GET', `${db}/_design/missing/_view/any`)).toMatchObject({ status: 404 });
  });
});
