import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually, newName, realUrls, useCouches, type Body, type Couch } from './couch.ts';

interface Scheduled {
  doc_id: string;
  id: string | null;
  source: string;
  target: string;
  state: string;
  error_count: number;
  info: { error?: string; revisions_checked?: number } | null;
}

const couches = useCouches(2);
let from: Couch;
let to: Couch;
let source = '';
let target = '';
beforeEach(async () => {
  [from, to] = couches() as [Couch, Couch];
  [source, target] = await Promise.all([from.createDatabase(), to.createDatabase()]);
});

const hash = (digit: string) => digit.repeat(32);

function ends() {
  return { source: from.addressOf(source.slice(1)), target: to.addressOf(target.slice(1)) };
}

/** Starts a job on the target's server, as a mailbox node does. Returns the id of its document. */
async function start(job: object): Promise<string> {
  const id = `job-${randomUUID()}`;
  await to.putSystemDocument('_replicator', id, { ...ends(), ...job });
  return id;
}

async function scheduled(id: string): Promise<Scheduled | undefined> {
  const { status, body } = await to.request('GET', `/_scheduler/docs/_replicator/${id}`);
  return status === 200 ? (body as unknown as Scheduled) : undefined;
}

function reaches(id: string, state: string): Promise<Scheduled> {
  return eventually(`${id} is ${state}`, async () => {
    const job = await scheduled(id);
    return job?.state === state ? job : undefined;
  });
}

function arrives(id: string, accept: (document: Body) => boolean = () => true): Promise<Body> {
  return eventually(`${id} arrives`, async () => {
    const { status, body } = await to.request('GET', `${target}/${encodeURIComponent(id)}?conflicts=true`);
    return status === 200 && accept(body) ? body : undefined;
  });
}

function disappears(id: string): Promise<true> {
  return eventually(`${id} disappears`, async () => {
    const { status, body } = await to.request('GET', `${target}/${encodeURIComponent(id)}`);
    return status === 404 && body.reason === 'deleted' ? true : undefined;
  });
}

describe('_replicate', () => {
  it('copies everything once, and nothing when there is nothing new', async () => {
    const docs = Array.from({ length: 300 }, (_, n) => ({ _id: `doc-${n}`, n }));
    await from.post(`${source}/_bulk_docs`, { docs });
    const first = (await to.post('/_replicate', ends())) as unknown as { ok: boolean; history: object[] };
    expect(first).toMatchObject({
      ok: true,
      history: [{ docs_read: 300, docs_written: 300, doc_write_failures: 0 }],
    });
    const [before, after] = await Promise.all([
      from.get(`${source}/_all_docs?include_docs=true`),
      to.get(`${target}/_all_docs?include_docs=true`),
    ]);
    expect(after.rows).toEqual(before.rows);
    expect(await to.post('/_replicate', ends())).toMatchObject({ ok: true });
    expect(await to.get(target)).toMatchObject({ doc_count: 300 });
  });

  it('makes its target if it is told to', async () => {
    const name = newName();
    to.deleteAfterwards(name);
    await from.put(`${source}/a`, {});
    const request = { source: ends().source, target: to.addressOf(name) };
    expect(await to.request('POST', '/_replicate', { body: request })).toMatchObject({
      body: { error: 'db_not_found' },
    });
    expect(await to.post('/_replicate', { ...request, create_target: true })).toMatchObject({ ok: true });
    await to.get(`/${name}/a`);
  });

  it('does not begin without a source', async () => {
    expect((await to.request('POST', '/_replicate', { body: {} })).status).toBeGreaterThanOrEqual(400);
    expect(
      await to.request('POST', '/_replicate', { body: { ...ends(), source: from.addressOf(newName()) } }),
    ).toMatchObject({ body: { error: 'db_not_found' } });
  });

  it('goes on when it is continuous, until it is cancelled', async () => {
    const request = { ...ends(), continuous: true };
    expect(await to.request('POST', '/_replicate', { body: request })).toMatchObject({
      status: 202,
      body: { ok: true, _local_id: expect.any(String) as string },
    });
    await from.put(`${source}/a`, {});
    await arrives('a');
    expect(await to.post('/_replicate', { ...request, cancel: true })).toMatchObject({ ok: true });
    expect(await to.request('POST', '/_replicate', { body: { ...request, cancel: true } })).toMatchObject({
      status: 404,
    });
  });
});

describe('a document of _replicator', () => {
  it('keeps its target up to date: what was there, what comes, what changes, what goes', async () => {
    await from.put(`${source}/before`, { n: 1 });
    await start({ continuous: true });
    await arrives('before');
    const { rev } = await from.put(`${source}/after`, { n: 1 });
    expect(await arrives('after')).toMatchObject({ _rev: rev, n: 1 });
    const second = await from.put(`${source}/after`, { _rev: rev, n: 2 });
    await arrives('after', ({ _rev }) => _rev === second.rev);
    await from.expectOk('DELETE', `${source}/after?rev=${second.rev}`);
    await disappears('after');
  });

  it('is shown while it runs, without credentials', async () => {
    const id = await start({ continuous: true });
    const job = await reaches(id, 'running');
    expect(job).toMatchObject({
      doc_id: id,
      error_count: 0,
      id: expect.stringMatching(/\+continuous$/) as string,
    });
    const jobs = (await to.get('/_scheduler/jobs')) as unknown as { jobs: Scheduled[] };
    expect(jobs.jobs.find(({ doc_id }) => doc_id === id)).toMatchObject({ id: job.id });
    const tasks = await eventually('the task is shown', async () => {
      const shown = (await to.get('/_active_tasks')) as unknown as { doc_id: string; type: string }[];
      return shown.some(({ doc_id }) => doc_id === id) ? shown : undefined;
    });
    expect(tasks.find(({ doc_id }) => doc_id === id)).toMatchObject({
      type: 'replication',
      continuous: true,
    });
    const list = (await to.get('/_scheduler/docs')) as unknown as { docs: Scheduled[] };
    expect(list.docs.find(({ doc_id }) => doc_id === id)).toMatchObject({ state: 'running' });
    for (const shown of [job, jobs, tasks, list]) {
      expect(JSON.stringify(shown)).not.toContain(from.admin.password);
      expect(JSON.stringify(shown)).not.toContain(to.admin.password);
    }
    expect(new URL(job.source).pathname).toBe(`${source}/`);
  });

  it('takes its credentials beside the address, too', async () => {
    await from.put(`${source}/a`, {});
    const basic = (couch: Couch) => ({
      basic: { username: couch.admin.name, password: couch.admin.password },
    });
    await start({
      source: { url: from.url + source, auth: basic(from) },
      target: { url: to.url + target, auth: basic(to) },
      continuous: true,
    });
    await arrives('a');
  });

  it('copies conflicts, odd ids, attachments and histories as they are', async () => {
    const conflicting = ['a', 'b'].map((digit) => ({
      _id: 'conflict',
      _rev: `1-${hash(digit)}`,
      _revisions: { start: 1, ids: [hash(digit)] },
    }));
    const ids = [hash('3'), hash('2'), hash('1')];
    const history = { _id: 'history', _rev: `3-${hash('3')}`, _revisions: { start: 3, ids } };
    await from.post(`${source}/_bulk_docs`, { docs: [...conflicting, history], new_edits: false });
    const odd = ['with/slash', 'with space', 'plus+', '日本語', '😀', 'a:1:b', '%25', '"'];
    await from.post(`${source}/_bulk_docs`, { docs: odd.map((_id) => ({ _id, name: _id })) });
    const attachment = {
      content_type: 'application/octet-stream',
      data: Buffer.from('content').toString('base64'),
    };
    await from.put(`${source}/attached`, { _attachments: { 'a.bin': attachment } });
    await from.put(`${source}/_design/d`, { language: 'none' });
    await start({ continuous: true });
    expect(await arrives('conflict', ({ _conflicts }) => _conflicts !== undefined)).toMatchObject({
      _rev: `1-${hash('b')}`,
      _conflicts: [`1-${hash('a')}`],
    });
    for (const id of odd) expect(await arrives(id)).toMatchObject({ _id: id, name: id });
    await arrives('history');
    expect(await to.get(`${target}/history?revs=true`)).toMatchObject({ _revisions: { start: 3, ids } });
    await arrives('attached');
    expect((await to.get(`${target}/attached?attachments=true`))._attachments).toMatchObject({
      'a.bin': attachment,
    });
    await arrives('_design/d');
  });

  it('copies a tombstone whose body never was here, and keeps the body dead when it comes', async () => {
    const body = {
      _id: 'dead',
      _rev: `1-${hash('1')}`,
      _revisions: { start: 1, ids: [hash('1')] },
      n: 'late',
    };
    const tombstone = {
      _id: 'dead',
      _rev: `2-${hash('2')}`,
      _revisions: { start: 2, ids: [hash('2'), hash('1')] },
      _deleted: true,
    };
    await from.post(`${source}/_bulk_docs`, { docs: [tombstone], new_edits: false });
    await start({ continuous: true });
    await disappears('dead');
    await to.post(`${target}/_bulk_docs`, { docs: [body], new_edits: false });
    await from.post(`${source}/_bulk_docs`, {
      docs: [body, { _id: 'marker', _rev: `1-${hash('1')}` }],
      new_edits: false,
    });
    await arrives('marker');
    for (const [couch, db] of [
      [from, source],
      [to, target],
    ] as const)
      expect(await couch.request('GET', `${db}/dead`)).toMatchObject({
        status: 404,
        body: { reason: 'deleted' },
      });
  });

  it('copies both ways without an end to it', async () => {
    await start({ continuous: true });
    await start({ source: ends().target, target: ends().source, continuous: true });
    await from.put(`${source}/there`, {});
    await to.put(`${target}/back`, {});
    await arrives('there');
    await eventually('back arrives', async () =>
      (await from.request('GET', `${source}/back`)).status === 200 ? true : undefined,
    );
    const [first, second] = await Promise.all([
      from.get(`${source}/_all_docs`),
      to.get(`${target}/_all_docs`),
    ]);
    expect(first.rows).toEqual(second.rows);
  });

  it('copies a thousand', async () => {
    const docs = Array.from({ length: 1000 }, (_, n) => ({ _id: `doc-${n}`, n }));
    await start({ continuous: true });
    for (let sent = 0; sent < docs.length; sent += 100)
      await from.post(`${source}/_bulk_docs`, { docs: docs.slice(sent, sent + 100) });
    await eventually('all arrive', async () =>
      (await to.get(target)).doc_count === 1000 ? true : undefined,
    );
    const [before, after] = await Promise.all([
      from.get(`${source}/_all_docs`),
      to.get(`${target}/_all_docs`),
    ]);
    expect(after.rows).toEqual(before.rows);
  });

  it('copies the named documents only', async () => {
    await from.post(`${source}/_bulk_docs`, { docs: [{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }] });
    await reaches(await start({ doc_ids: ['a', 'c'] }), 'completed');
    expect((await to.get(`${target}/_all_docs`)).rows.map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it('copies what its selector asks for only', async () => {
    await from.post(`${source}/_bulk_docs`, {
      docs: [
        { _id: 'a', kind: 'x' },
        { _id: 'b', kind: 'y' },
      ],
    });
    await reaches(await start({ selector: { kind: 'y' } }), 'completed');
    expect((await to.get(`${target}/_all_docs`)).rows.map(({ id }) => id)).toEqual(['b']);
  });

  describe('by a selector', () => {
    const living = { _deleted: { $exists: false } };
    const idsOf = (body: Body) => body.rows.map(({ id }) => id);

    it('leaves deletions where they are, and carries what comes after them', async () => {
      await from.post(`${source}/_bulk_docs`, { docs: [{ _id: 'kept' }, { _id: 'never-there' }] });
      const gone = await from.get(`${source}/never-there`);
      await from.expectOk('DELETE', `${source}/never-there?rev=${gone._rev}`);
      await reaches(await start({ selector: living }), 'completed');
      expect(idsOf(await to.get(`${target}/_all_docs`))).toEqual(['kept']);

      await start({ selector: living, continuous: true });
      await from.put(`${source}/later`, {});
      await arrives('later');
      const { _rev } = await from.get(`${source}/kept`);
      await from.expectOk('DELETE', `${source}/kept?rev=${_rev}`);
      await from.put(`${source}/after-the-deletion`, { n: 1 });
      const { _rev: first } = await arrives('after-the-deletion');
      await from.put(`${source}/after-the-deletion`, { _rev: first, n: 2 });
      await arrives('after-the-deletion', ({ n }) => n === 2);
      expect(idsOf(await to.get(`${target}/_all_docs`))).toEqual(['after-the-deletion', 'kept', 'later']);
      expect(await to.get(target)).toMatchObject({ doc_del_count: 0 });
    });

    it('carries a leaf that lives beside a deleted one', async () => {
      const docs = [
        { _id: 'both', _rev: `1-${hash('a')}`, _revisions: { start: 1, ids: [hash('a')] } },
        {
          _id: 'both',
          _rev: `2-${hash('c')}`,
          _revisions: { start: 2, ids: [hash('c'), hash('b')] },
          _deleted: true,
        },
      ];
      await from.post(`${source}/_bulk_docs`, { docs, new_edits: false });
      await reaches(await start({ selector: living }), 'completed');
      expect(await to.get(`${target}/both?revs_info=true&deleted_conflicts=true`)).toEqual({
        _id: 'both',
        _rev: `1-${hash('a')}`,
        _revs_info: [{ rev: `1-${hash('a')}`, status: 'available' }],
      });
    });

    it('goes on where the same selector had come to, and from the start with another', async () => {
      await from.post(`${source}/_bulk_docs`, { docs: [{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }] });
      const checked = async (selector: object) => {
        const { info } = await reaches(await start({ selector }), 'completed');
        return info?.revisions_checked;
      };
      expect(await checked(living)).toBe(3);
      await from.put(`${source}/d`, {});
      // Apache CouchDB goes on counting from what it has recorded.
      expect(await checked(living)).toBe(realUrls.length > 0 ? 3 + 1 : 1);
      expect(await checked({ _id: { $gt: 'a' } })).toBe(3);
    });
  });

  it('is done once and says so when it is not continuous', async () => {
    await from.put(`${source}/a`, {});
    const id = await start({});
    await reaches(id, 'completed');
    await to.get(`${target}/a`);
    expect(await to.get(`/_replicator/${id}`)).toMatchObject({ _replication_state: 'completed' });
  });

  it('stops when it is deleted', async () => {
    const id = await start({ continuous: true });
    await reaches(id, 'running');
    const { _rev } = await to.get(`/_replicator/${id}`);
    await to.expectOk('DELETE', `/_replicator/${id}?rev=${_rev}`);
    await eventually('the job is gone', async () => ((await scheduled(id)) === undefined ? true : undefined));
    await from.post(`${source}/_bulk_docs`, { docs: [{ _id: 'left' }, { _id: 'copied' }] });
    await reaches(await start({ doc_ids: ['copied'] }), 'completed');
    expect((await to.get(`${target}/_all_docs`)).rows.map(({ id: copied }) => copied)).toEqual(['copied']);
  });

  it('is done anew when it is changed', async () => {
    const other = await from.createDatabase();
    await from.put(`${other}/from-other`, {});
    const id = await start({ continuous: true });
    await reaches(id, 'running');
    const document = await to.get(`/_replicator/${id}`);
    await to.put(`/_replicator/${id}`, { ...document, source: from.addressOf(other.slice(1)) });
    await arrives('from-other');
  });

  it.each(['source', 'target'])('is told to fail while its %s is missing', async (end) => {
    const missing = (end === 'source' ? from : to).addressOf(newName());
    const id = await start({ [end]: missing, continuous: true });
    const { error_count, info } = await reaches(id, 'crashing');
    expect(error_count).toBeGreaterThan(0);
    expect(info?.error).toMatch(/could not open/);
    expect(JSON.stringify(info)).not.toContain(from.admin.password);
  });

  it.each([
    ['without a target', { target: undefined }],
    ['with an address that is none', { source: 'http:/' }],
    ['with a flag that is none', { continuous: 'yes' }],
    ['with ids that are no list', { doc_ids: 'a' }],
    ['with ids and a selector', { doc_ids: ['a'], selector: { a: 1 } }],
  ])('is not taken %s', async (_what, job) => {
    const body = { ...ends(), ...job };
    expect(await to.request('PUT', `/_replicator/job-${randomUUID()}`, { body })).toMatchObject({
      status: 403,
      body: { error: 'forbidden' },
    });
  });

  it('that is not there is not scheduled', async () => {
    expect(await to.request('GET', `/_scheduler/docs/_replicator/${newName()}`)).toMatchObject({
      status: 404,
    });
    expect(await to.request('GET', `/_scheduler/jobs/${newName()}`)).toMatchObject({ status: 404 });
  });
});
