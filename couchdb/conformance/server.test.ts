import { describe, expect, it } from 'vitest';
import { newName, useCouch } from './couch.ts';

const couch = useCouch();

describe('the server', () => {
  it('welcomes', async () => {
    const { status, body, headers } = await couch().request('GET', '/');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(body).toMatchObject({ couchdb: 'Welcome', version: expect.stringMatching(/^3\./) as string });
    expect(body).toHaveProperty('uuid');
  });

  it('says that it is up', async () => {
    expect(await couch().request('GET', '/_up')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('answers HEAD without a body', async () => {
    const { status, text } = await couch().request('HEAD', '/');
    expect({ status, text }).toEqual({ status: 200, text: '' });
  });

  it('makes as many UUIDs as asked for', async () => {
    const { uuids } = (await couch().get('/_uuids?count=3')) as unknown as { uuids: string[] };
    expect(new Set(uuids).size).toBe(3);
    for (const uuid of uuids) expect(uuid).toMatch(/^[0-9a-f]{32}$/);
  });

  it('does not make more UUIDs than it may', async () => {
    expect(await couch().request('GET', '/_uuids?count=100000')).toMatchObject({
      status: 400,
      body: { error: 'bad_request' },
    });
  });

  it('lists all databases in order', async () => {
    const created = [await couch().createDatabase(), await couch().createDatabase()];
    const names = (await couch().get('/_all_dbs')) as unknown as string[];
    expect(names).toEqual(expect.arrayContaining([...created.map((path) => path.slice(1)), '_users']));
    expect(names).toEqual(names.toSorted());
  });

  it('lists a range of the databases', async () => {
    const name = (await couch().createDatabase()).slice(1);
    const key = encodeURIComponent(JSON.stringify(name));
    expect(await couch().get(`/_all_dbs?startkey=${key}&endkey=${key}`)).toEqual([name]);
  });

  it('describes the databases asked for, and says which are missing', async () => {
    const name = (await couch().createDatabase()).slice(1);
    const missing = newName();
    expect(await couch().post('/_dbs_info', { keys: [name, missing] })).toMatchObject([
      { key: name, info: { db_name: name, doc_count: 0 } },
      { key: missing, error: 'not_found' },
    ]);
  });

  it('describes all databases', async () => {
    const name = (await couch().createDatabase()).slice(1);
    const infos = (await couch().get('/_dbs_info')) as unknown as { key: string; info: object }[];
    expect(infos.find(({ key }) => key === name)).toMatchObject({ info: { db_name: name } });
  });

  it('wants keys to describe databases by', async () => {
    expect(await couch().request('POST', '/_dbs_info', { body: {} })).toMatchObject({
      status: 400,
      body: { error: 'bad_request' },
    });
  });

  it('names the methods of a resource when another is used', async () => {
    const { status, body, headers } = await couch().request('POST', '/_all_dbs', { body: {} });
    expect({ status, body }).toEqual({
      status: 405,
      body: { error: 'method_not_allowed', reason: 'Only GET,HEAD allowed' },
    });
    expect(headers.get('allow')).toContain('GET');
  });

  it('lists what it is busy with', async () => {
    expect(await couch().get('/_active_tasks')).toBeInstanceOf(Array);
  });
});
