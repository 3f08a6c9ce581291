import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Couch, eventually, temporaryFolder } from '../../conformance/couch.ts';
import { startEmbeddedCouch, type EmbeddedCouch } from '../index.ts';

const admin = { name: 'admin', password: 'p4ss-of-the-admin' };
const resources = new AsyncDisposableStack();
let source: Couch;
let dataDir = '';
let server: EmbeddedCouch;
let target: Couch;

async function startTarget(port = 0): Promise<void> {
  server = await startEmbeddedCouch({ dataDir, port, admin });
  target = new Couch(server.url, admin);
}

beforeAll(async () => {
  const folder = await temporaryFolder(resources);
  source = new Couch(resources.use(await startEmbeddedCouch({ dataDir: folder, port: 0, admin })).url, admin);
  dataDir = await temporaryFolder(resources);
  await startTarget();
});
afterEach(async () => {
  for (const { id } of (await target.get('/_replicator/_all_docs')).rows) {
    const { _rev } = await target.get(`/_replicator/${id}`);
    await target.expectOk('DELETE', `/_replicator/${id}?rev=${_rev}`);
  }
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await resources.disposeAsync();
});

interface Job {
  state: string;
  error_count: number;
  info: { error?: string; revisions_checked: number; checkpointed_source_seq: unknown; through_seq: unknown };
}

async function job(id: string): Promise<Job | undefined> {
  const { status, body } = await target.request('GET', `/_scheduler/docs/_replicator/${id}`);
  return status === 200 ? (body as unknown as Job) : undefined;
}

async function jobThat(id: string, accept: (job: Job) => boolean): Promise<Job> {
  return eventually(`job ${id}`, async () => {
    const found = await job(id);
    return found !== undefined && accept(found) ? found : undefined;
  });
}

function isThere(resource: string): Promise<true> {
  return eventually(`${resource} is there`, async () =>
    (await target.request('GET', resource)).status === 200 ? true : undefined,
  );
}

describe('a replication', () => {
  it('begins when its databases come to be, and goes on when they were deleted and made anew', async () => {
    const [from, to] = ['late-source', 'late-target'];
    const ends = { source: source.addressOf(from), target: target.addressOf(to) };
    await target.put('/_replicator/late', { ...ends, continuous: true });
    const failing = await jobThat(
      'late',
      ({ state, error_count }) => state === 'crashing' && error_count >= 2,
    );
    expect(failing.info.error).toBe(`db_not_found: could not open ${source.url}/${from}/`);
    await source.put(`/${from}`);
    await jobThat('late', ({ info }) => info.error?.includes(`/${to}/`) === true);
    await target.put(`/${to}`);
    await source.put(`/${from}/first`, {});
    await isThere(`/${to}/first`);
    expect(await job('late')).toMatchObject({ state: 'running', error_count: 0 });

    await target.expectOk('DELETE', `/${to}`);
    await target.put(`/${to}`);
    await source.put(`/${from}/second`, {});
    await Promise.all([isThere(`/${to}/first`), isThere(`/${to}/second`)]);

    await source.expectOk('DELETE', `/${from}`);
    await source.put(`/${from}`);
    await source.put(`/${from}/third`, {});
    await isThere(`/${to}/third`);
  });

  it('tells why a peer is not reached, and is refused, without a secret', async () => {
    await target.put('/refused');
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const to = target.addressOf('refused');
    await target.put('/_replicator/gone', {
      source: `http://a:secret@127.0.0.1:${port}/x`,
      target: to,
      continuous: true,
    });
    const gone = await jobThat('gone', ({ state }) => state === 'crashing');
    expect(gone.info.error).toMatch(/ECONNREFUSED/);
    const stranger = source.addressOf('x').replace(admin.password, 'secret');
    await target.put('/_replicator/stranger', { source: stranger, target: to, continuous: true });
    const refused = await jobThat('stranger', ({ state }) => state === 'crashing');
    expect(refused.info.error).toMatch(/answered 401/);
    expect(JSON.stringify([gone, refused])).not.toContain('secret');
  });

  it('goes on where it was when its server is started again', async () => {
    await source.put('/resumed');
    await target.put('/resumed');
    const docs = Array.from({ length: 400 }, (_, n) => ({ _id: `doc-${n}` }));
    await source.post('/resumed/_bulk_docs', { docs });
    const ends = { source: source.addressOf('resumed'), target: target.addressOf('resumed') };
    await target.put('/_replicator/resumed', { ...ends, continuous: true });
    await eventually('all arrive', async () =>
      (await target.get('/resumed')).doc_count === 400 ? true : undefined,
    );
    await server[Symbol.asyncDispose]();
    await source.put('/resumed/meanwhile', {});
    await startTarget(server.port);
    await isThere('/resumed/meanwhile');
    expect((await job('resumed'))?.info.revisions_checked).toBe(1);
  });

  it('outlives the database of its documents', async () => {
    await source.put('/outlived');
    await target.put('/outlived');
    const ends = {
      source: source.addressOf('outlived'),
      target: target.addressOf('outlived'),
      continuous: true,
    };
    await target.put('/_replicator/before', ends);
    await jobThat('before', ({ state }) => state === 'running');
    await target.expectOk('DELETE', '/_replicator');
    await eventually('the job is gone', async () => ((await job('before')) === undefined ? true : undefined));
    await target.put('/_replicator');
    await target.put('/_replicator/after', ends);
    await source.put('/outlived/doc', {});
    await isThere('/outlived/doc');
  });

  it('is not done twice for two documents', async () => {
    await source.put('/twins');
    await target.put('/twins');
    const ends = { source: source.addressOf('twins'), target: target.addressOf('twins'), continuous: true };
    await target.put('/_replicator/first', ends);
    await jobThat('first', ({ state }) => state === 'running');
    await target.put('/_replicator/second', ends);
    const { info } = await jobThat('second', ({ state }) => state === 'failed');
    expect(info.error).toBe('The same replication is already kept by document first');
    await source.put('/twins/doc', {});
    await isThere('/twins/doc');
  });

  it('carries no deletion that comes between the feed of its selector and the read', async () => {
    await source.put('/raced');
    await target.put('/raced');
    const { rev } = await source.put('/raced/doc', {});
    const slow = createServer((request, response) => {
      void (async () => {
        if (request.url?.includes('_bulk_get')) await source.expectOk('DELETE', `/raced/doc?rev=${rev}`);
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { method = '', url = '' } = request;
        const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
        const answer = await source.request(method, url, body);
        response.writeHead(answer.status).end(answer.text);
      })();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => slow.once('listening', resolve));
    const { port } = slow.address() as AddressInfo;
    const request = {
      source: `http://127.0.0.1:${port}/raced`,
      target: target.addressOf('raced'),
      selector: { _deleted: { $exists: false } },
    };
    expect(await target.post('/_replicate', request)).toMatchObject({ ok: true });
    slow.close();
    expect(await source.get('/raced')).toMatchObject({ doc_count: 0, doc_del_count: 1 });
    expect(await target.get('/raced')).toMatchObject({ doc_del_count: 0 });
  });

  it('outlives a peer that talks nonsense, and tells so', async () => {
    await target.put('/nonsense');
    const peer = createServer((_request, response) => response.end('no JSON at all')).listen(0, '127.0.0.1');
    await new Promise((resolve) => peer.once('listening', resolve));
    const { port } = peer.address() as AddressInfo;
    await target.put('/_replicator/nonsense', {
      source: `http://127.0.0.1:${port}/x`,
      target: target.addressOf('nonsense'),
      continuous: true,
    });
    const { info } = await jobThat(
      'nonsense',
      ({ state, error_count }) => state === 'crashing' && error_count > 1,
    );
    expect(info.error).toBe('a peer did not answer in JSON');
    peer.close();
  });
});
