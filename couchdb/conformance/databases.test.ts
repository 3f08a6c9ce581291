import { describe, expect, it } from 'vitest';
import { newName, useCouch } from './couch.ts';

const couch = useCouch();

describe('databases', () => {
  it('are created once', async () => {
    const name = newName();
    couch().deleteAfterwards(name);
    const created = await couch().request('PUT', `/${name}`);
    expect(created).toMatchObject({ status: 201, body: { ok: true } });
    expect(created.headers.get('location')).toMatch(new RegExp(`/${name}$`));
    expect(await couch().request('PUT', `/${name}`)).toMatchObject({
      status: 412,
      body: {
        error: 'file_exists',
        reason: 'The database could not be created, the file already exists.',
      },
    });
  });

  it.each(['Upper', '_private', '1digit', 'with space', 'ümlaut', 'dot.ted'])(
    'are not named %j',
    async (name) => {
      expect(await couch().request('PUT', `/${encodeURIComponent(name)}`)).toMatchObject({
        status: 400,
        body: { error: 'illegal_database_name' },
      });
    },
  );

  it('do not have too long names', async () => {
    expect(await couch().request('PUT', `/${'a'.repeat(250)}`)).toMatchObject({
      status: 400,
      body: { error: 'database_name_too_long' },
    });
  });

  it('may have a slash and signs in the name', async () => {
    const name = `${newName()}/sub_$()+-x`;
    couch().deleteAfterwards(name);
    await couch().put(`/${encodeURIComponent(name)}`);
    expect(await couch().get(`/${encodeURIComponent(name)}`)).toMatchObject({ db_name: name });
    expect(await couch().get('/_all_dbs')).toContain(name);
  });

  it('describe themselves', async () => {
    const db = await couch().createDatabase();
    expect(await couch().get(db)).toMatchObject({
      db_name: db.slice(1),
      doc_count: 0,
      doc_del_count: 0,
      compact_running: false,
      sizes: { file: expect.any(Number) as number },
      instance_start_time: expect.stringMatching(/^\d+$/) as string,
      update_seq: expect.any(String) as string,
    });
  });

  it('count what lives and what was deleted', async () => {
    const db = await couch().createDatabase();
    const { rev } = await couch().put(`${db}/a`, {});
    await couch().put(`${db}/b`, {});
    await couch().put(`${db}/_local/c`, {});
    await couch().expectOk('DELETE', `${db}/a?rev=${rev}`);
    await couch().put(`${db}/d`, { _deleted: true });
    expect(await couch().get(db)).toMatchObject({ doc_count: 1, doc_del_count: 2 });
  });

  it('move their sequence with every write', async () => {
    const db = await couch().createDatabase();
    const before = await couch().get(db);
    await couch().put(`${db}/a`, {});
    const after = await couch().get(db);
    expect(after.update_seq).not.toBe(before.update_seq);
  });

  it('are missing when they never were', async () => {
    for (const method of ['GET', 'DELETE', 'HEAD'])
      expect(await couch().request(method, `/${newName()}`)).toMatchObject({ status: 404 });
    expect(await couch().request('GET', `/${newName()}/doc`)).toMatchObject({
      status: 404,
      body: { error: 'not_found', reason: 'Database does not exist.' },
    });
  });

  it('are gone when deleted, and empty when created again', async () => {
    const db = await couch().createDatabase();
    await couch().put(`${db}/a`, {});
    expect(await couch().request('DELETE', db)).toMatchObject({ status: 200, body: { ok: true } });
    expect(await couch().request('GET', `${db}/a`)).toMatchObject({ status: 404 });
    await couch().put(db);
    expect(await couch().get(db)).toMatchObject({ doc_count: 0, doc_del_count: 0 });
    expect(await couch().request('GET', `${db}/a`)).toMatchObject({ status: 404 });
  });

  it('are not deleted by a request that means a document', async () => {
    const db = await couch().createDatabase();
    expect(await couch().request('DELETE', `${db}?rev=1-abc`)).toMatchObject({ status: 400 });
    await couch().get(db);
  });

  it('are ensured to be on the disk', async () => {
    const db = await couch().createDatabase();
    expect(await couch().request('POST', `${db}/_ensure_full_commit`, { body: {} })).toMatchObject({
      status: 201,
      body: { ok: true, instance_start_time: expect.any(String) as string },
    });
  });

  it('are compacted on request, without loss', async () => {
    const db = await couch().createDatabase();
    const { rev } = await couch().put(`${db}/a`, { n: 1 });
    await couch().put(`${db}/a`, { _rev: rev, n: 2 });
    expect(await couch().request('POST', `${db}/_compact`, { body: {} })).toMatchObject({
      status: 202,
      body: { ok: true },
    });
    expect(await couch().get(`${db}/a`)).toMatchObject({ n: 2 });
  });

  it('tell how many revisions they remember', async () => {
    const db = await couch().createDatabase();
    expect(await couch().get(`${db}/_revs_limit`)).toBe(1000);
    expect(await couch().put(`${db}/_revs_limit`, 4)).toEqual({ ok: true });
    expect(await couch().get(`${db}/_revs_limit`)).toBe(4);
    let { rev } = await couch().put(`${db}/a`, { n: 1 });
    for (let n = 2; n <= 9; n += 1) ({ rev } = await couch().put(`${db}/a`, { n, _rev: rev }));
    const { _revisions } = (await couch().get(`${db}/a?revs=true`)) as { _revisions: { ids: string[] } };
    expect(_revisions.ids).toHaveLength(4);
    expect(await couch().get(`${db}/a`)).toMatchObject({ n: 9 });
  });
});
