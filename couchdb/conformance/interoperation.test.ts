/**
 * An embedded server and its peer: another embedded one, or an Apache CouchDB when `COUCHDB_URLS` is set. Each kind of
 * work goes both ways, with the job on either side.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { spawnEmbeddedCouch, type EmbeddedCouchProcess } from '../embedded/process.ts';
import { Couch, couchAt, eventually, realUrls, temporaryFolder } from './couch.ts';

/** Apache CouchDB takes its time before it tries again what has crashed. */
const apacheRetryMs = 180_000;
const admin = { name: 'admin', password: 'p4ss-of-the-admin' };
const resources = new AsyncDisposableStack();
let dataDir = '';
let running: EmbeddedCouchProcess;
let embedded: Couch;
let peer: Couch;

beforeAll(async () => {
  dataDir = await temporaryFolder(resources);
  running = await spawnEmbeddedCouch({ dataDir, port: 0, admin });
  embedded = new Couch(running.url, admin);
  resources.defer(() => running.kill());
  const [real] = realUrls;
  if (real !== undefined) peer = couchAt(real);
  else {
    const process = await spawnEmbeddedCouch({ dataDir: await temporaryFolder(resources), port: 0, admin });
    resources.defer(() => process.kill());
    peer = new Couch(process.url, admin);
  }
});
afterAll(async () => {
  await Promise.all([embedded.removeEverything(), peer.removeEverything()]);
  await resources.disposeAsync();
});

interface Scheduled {
  id: string | null;
  error_count: number;
  info: object | null;
}

const hash = (digit: string) => digit.repeat(32);

describe.each([
  ['embedded', 'to', 'peer', 'embedded'],
  ['embedded', 'to', 'peer', 'peer'],
  ['peer', 'to', 'embedded', 'embedded'],
  ['peer', 'to', 'embedded', 'peer'],
] as const)('from %s %s %s, the job on %s', (fromSide, _to, _toSide, hostSide) => {
  let from: Couch;
  let to: Couch;
  let source = '';
  let target = '';
  let host: Couch;
  let jobId = '';
  beforeEach(async () => {
    [from, to] = fromSide === 'embedded' ? [embedded, peer] : [peer, embedded];
    host = hostSide === 'embedded' ? embedded : peer;
    [source, target] = await Promise.all([from.createDatabase(), to.createDatabase()]);
  });

  async function replicate(): Promise<void> {
    jobId = `job-${randomUUID()}`;
    await host.putSystemDocument('_replicator', jobId, {
      source: from.addressOf(source.slice(1)),
      target: to.addressOf(target.slice(1)),
      continuous: true,
      checkpoint_interval: 200,
    });
  }

  async function scheduled(): Promise<Scheduled | undefined> {
    const { status, body } = await host.request('GET', `/_scheduler/docs/_replicator/${jobId}`);
    return status === 200 ? (body as unknown as Scheduled) : undefined;
  }

  /** A place that is not `last`, once both ends have it in the job's checkpoint. */
  async function recordedAfter(last: unknown): Promise<unknown> {
    const job = await scheduled();
    if ((job?.error_count ?? 0) > 0) throw new Error(`the job crashed: ${JSON.stringify(job?.info)}`);
    if (typeof job?.id !== 'string') return undefined;
    const checkpoint = `/_local/${job.id.replace('+continuous', '')}`;
    const [first, second] = await Promise.all([
      from.request('GET', source + checkpoint),
      to.request('GET', target + checkpoint),
    ]);
    const place = first.body['source_last_seq'];
    const isNew = place !== undefined && place !== 0 && place !== last;
    return isNew && second.body['source_last_seq'] === place ? place : undefined;
  }

  /** Both sides hold the same documents in the same revisions. */
  function sidesAgree(count: number, timeoutMs?: number): Promise<true> {
    const agree = async () => {
      const query = '/_all_docs?include_docs=true&conflicts=true';
      const [first, second] = await Promise.all([from.get(source + query), to.get(target + query)]);
      if (first.rows.length !== count || second.rows.length !== count) return undefined;
      const rowsOf = (rows: object[]) => rows.map((row) => JSON.stringify(row, sorted));
      return rowsOf(first.rows).join() === rowsOf(second.rows).join() ? true : undefined;
    };
    return eventually(`${target} has the ${count} documents of ${source}`, agree, timeoutMs);
  }

  it('five hundred arrive', async () => {
    await replicate();
    const docs = Array.from({ length: 500 }, (_, n) => ({ _id: `doc-${n}`, n, text: 'ü'.repeat(n) }));
    for (let sent = 0; sent < docs.length; sent += 50)
      await from.post(`${source}/_bulk_docs`, { docs: docs.slice(sent, sent + 50) });
    await sidesAgree(500);
  });

  it('its place is recorded at both ends again and again, and it never crashes', async () => {
    await replicate();
    let last: unknown;
    for (const id of ['a', 'b', 'c']) {
      await from.put(`${source}/${id}`, {});
      last = await eventually(`both ends have the place after ${id}`, () => recordedAfter(last));
    }
    const { history } = await host.get(`/_scheduler/jobs/${(await scheduled())?.id}`);
    expect(history).not.toContainEqual(expect.objectContaining({ type: 'crashed' }));
    expect(history).toContainEqual(expect.objectContaining({ type: 'started' }));
  });

  it('odd ids arrive', async () => {
    const ids = [
      'a/b',
      'a b',
      'a+b',
      'a&b=c?d#e',
      '%2F',
      '日本語',
      '😀',
      'é',
      '"',
      "'",
      '\\',
      'a:1:b',
      '_design/x',
    ];
    await from.post(`${source}/_bulk_docs`, { docs: ids.map((_id) => ({ _id, name: _id })) });
    await replicate();
    await sidesAgree(ids.length);
  });

  it('updates, deletions and new lives arrive', async () => {
    await replicate();
    const first = await Promise.all(['a', 'b', 'c'].map((id) => from.put(`${source}/${id}`, { n: 1 })));
    await sidesAgree(3);
    await from.put(`${source}/a`, { _rev: first[0]!.rev, n: 2 });
    await from.expectOk('DELETE', `${source}/b?rev=${first[1]!.rev}`);
    await from.expectOk('DELETE', `${source}/c?rev=${first[2]!.rev}`);
    await sidesAgree(1);
    await from.put(`${source}/c`, { n: 'again' });
    await sidesAgree(2);
    expect(await to.request('GET', `${target}/b`)).toMatchObject({
      status: 404,
      body: { reason: 'deleted' },
    });
  });

  it('conflicts arrive, with the same winner', async () => {
    const leaf = (digits: string, content: object) => {
      const ids = Array.from(digits, hash);
      return {
        _id: 'doc',
        _rev: `${ids.length}-${ids[0]}`,
        _revisions: { start: ids.length, ids },
        ...content,
      };
    };
    const docs = [leaf('a1', { n: 'a' }), leaf('b1', { n: 'b' }), leaf('c', { n: 'c' })];
    await from.post(`${source}/_bulk_docs`, { docs, new_edits: false });
    await to.post(`${target}/_bulk_docs`, { docs: [leaf('d1', { n: 'd' })], new_edits: false });
    await replicate();
    const document = await eventually('all leaves arrive', async () => {
      const found = await to.get(`${target}/doc?conflicts=true`);
      return (found['_conflicts'] as string[] | undefined)?.length === 3 ? found : undefined;
    });
    expect(document).toMatchObject({
      _rev: `2-${hash('d')}`,
      _conflicts: [`2-${hash('b')}`, `2-${hash('a')}`, `1-${hash('c')}`],
    });
  });

  it('a tombstone arrives before its body, and the body stays dead', async () => {
    const revisions = (digits: string) => ({ start: digits.length, ids: Array.from(digits, hash) });
    const body = { _id: 'doc', _rev: `1-${hash('1')}`, _revisions: revisions('1'), n: 1 };
    const tombstone = { _id: 'doc', _rev: `2-${hash('2')}`, _revisions: revisions('21'), _deleted: true };
    await to.post(`${target}/_bulk_docs`, { docs: [tombstone], new_edits: false });
    await from.post(`${source}/_bulk_docs`, { docs: [body], new_edits: false });
    await replicate();
    await from.put(`${source}/marker`, {});
    await eventually('the marker arrives', async () =>
      (await to.request('GET', `${target}/marker`)).status === 200 ? true : undefined,
    );
    expect(await to.request('GET', `${target}/doc`)).toMatchObject({
      status: 404,
      body: { reason: 'deleted' },
    });
  });

  it('attachments arrive', async () => {
    const attachment = { content_type: 'application/octet-stream', data: 'x'.repeat(40_000) };
    await from.put(`${source}/doc`, { _attachments: { 'a.bin': attachment, 'b.bin': attachment } });
    await replicate();
    const arrived = await eventually('the document arrives', async () => {
      const { status, body } = await to.request('GET', `${target}/doc?attachments=true`);
      return status === 200 ? body : undefined;
    });
    expect(arrived._attachments).toMatchObject({ 'a.bin': attachment, 'b.bin': attachment });
  });

  it(
    'all arrive although the embedded server is killed and started again',
    { timeout: 200_000 },
    async () => {
      await replicate();
      const put = (n: number) => from.post(`${source}/_bulk_docs`, { docs: [{ _id: `doc-${n}`, n }] });
      for (let n = 0; n < 50; n += 1) await put(n);
      await running.kill('SIGKILL');
      if (from === peer) for (let n = 50; n < 100; n += 1) await put(n);
      running = await spawnEmbeddedCouch({ dataDir, port: running.port, admin });
      if (from === embedded) for (let n = 50; n < 100; n += 1) await put(n);
      await sidesAgree(100, apacheRetryMs);
    },
  );
});

/** Members in one order, whichever server wrote them. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
