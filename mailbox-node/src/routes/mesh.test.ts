import { buckets, documentId, envelopeDocument, LIMITS, tombstoneDocument } from '@restante/protocol';
import {
  askCouch,
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestMesh,
  waitFor,
  type TestMesh,
} from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const keys = newTestKeys();
const mailbox = newMailbox();
let mesh: TestMesh;
let bucket = '';
/** Addresses of the first node's gate, with the credentials that belong there. */
let gate: { out: string; in: string };
beforeAll(async () => {
  mesh = await startTestMesh(await startCouches(2), keys);
  const { config } = mesh.nodes[0]!;
  bucket = mesh.couches.prefix + buckets(10, config.messageTtlMs).nameAt(Date.now());
  const { readerUrl, selfUrl } = config.couch.mesh!;
  gate = { out: `${readerUrl}/mesh/out`, in: `${selfUrl}/mesh/in/node2` };
});
afterAll(() => mesh[Symbol.asyncDispose]());

const node = () => mesh.nodes[0]!;
const refusals = async (reason: string) =>
  (await node().metric(`mailbox_mesh_writes_refused_total{peer="node2",reason="${reason}"}`)) ?? -1;
const write = (docs: readonly object[], rest: object = { new_edits: false }) =>
  askCouch(gate.in, `${bucket}/_bulk_docs`, 'POST', { ...rest, docs });

describe('the gate of the mesh', () => {
  it('is open to who has its credentials, for what they are', async () => {
    const { origin } = new URL(gate.out);
    const swapped = [
      gate.out.replace('/mesh/out', '/mesh/in/node2'),
      gate.in.replace('/mesh/in/node2', '/mesh/out'),
    ];
    const data = new URL(node().config.couch.url);
    const dataPath = `${origin.replace('//', `//${data.username}:${data.password}@`)}/mesh/out`;
    for (const url of [`${origin}/mesh/out`, `${origin}/mesh/in/node2`, ...swapped, dataPath]) {
      const { username, password } = new URL(url);
      const anonymous = await fetch(`${url.replace(`${username}:${password}@`, '')}/${bucket}`);
      expect(anonymous.status).toBe(401);
      if (username !== '') expect((await askCouch(url, bucket)).status).toBe(401);
    }
    for (const url of [gate.out, gate.in]) {
      expect(await askCouch(url, bucket)).toMatchObject({ status: 200, body: { db_name: bucket } });
    }
  });

  it('leads to buckets alone, and to what replication asks there', async () => {
    const { prefix } = mesh.couches;
    for (const closed of [
      `${prefix}directory`,
      `${prefix}node`,
      '_users',
      '_replicator',
      'messages-1',
      '..',
    ]) {
      for (const url of [gate.out, gate.in])
        expect((await askCouch(url, `${encodeURIComponent(closed)}/_changes`)).status).toBe(404);
    }
    expect((await askCouch(gate.in.replace('node2', 'node1'), bucket)).status).toBe(404);
    const document = envelopeDocument(newEnvelope(mailbox));
    for (const [method, url, path, body] of [
      ['POST', gate.out, '_bulk_docs', { new_edits: false, docs: [document] }],
      ['PUT', gate.out, encodeURIComponent(document._id), document],
      ['POST', gate.out, '', document],
      ['PUT', gate.out, '_security', {}],
      ['PUT', gate.in, '_security', {}],
      ['GET', gate.out, '_design/mine', undefined],
      ['GET', gate.out, '_design%2Fmine', undefined],
      ['GET', gate.out, '_security', undefined],
      ['GET', gate.out, '_all_docs', undefined],
      ['GET', gate.in, '_changes', undefined],
      ['POST', gate.out, '_purge', {}],
      ['POST', gate.out, '_find', {}],
      ['DELETE', gate.in, '', undefined],
    ] as const) {
      const { status } = await askCouch(url, `${bucket}/${path}`, method, body);
      expect([404, 405], `${method} ${url} ${path}`).toContain(status);
    }
    expect(await node().ids(mailbox)).toEqual([]);
  });

  it('refuses what comes alone as CouchDB does, so that its replicator leaves it and goes on (law 16)', async () => {
    for (const [reason, id] of [
      ['id', '_design/mine'],
      ['attachment', envelopeDocument(newEnvelope(mailbox))._id],
    ] as const) {
      const before = await refusals(reason);
      const path = `${bucket}/${id}?new_edits=false`;
      expect(await askCouch(gate.in, path, 'PUT', { parts: 'x'.repeat(12_000_000) })).toMatchObject({
        status: 403,
        body: { error: 'forbidden' },
      });
      expect(await refusals(reason)).toBe(before + 1);
    }
    expect(await node().ids(mailbox)).toEqual([]);
  });

  it('asks its store for nothing that is no question', async () => {
    for (const body of [{ docs: ' ' }, { docs: ['x'] }, { docs: [{ id: 1 }] }, {}])
      expect(await askCouch(gate.out, `${bucket}/_bulk_get`, 'POST', body)).toMatchObject({
        status: 400,
        body: { code: 'bad-request' },
      });
    expect(await askCouch(gate.out, `${bucket}/_bulk_get`, 'POST', { docs: [] })).toEqual({
      status: 200,
      body: { results: [] },
    });
    const keys = Array.from({ length: LIMITS.blobParts + 1 }, (_, key) => String(key));
    for (const body of [{}, { keys }, { keys: [1] }, { keys: [], include_docs: true }])
      expect((await askCouch(gate.out, `${bucket}/_all_docs`, 'POST', body)).status).toBe(400);
    const known = { keys: keys.slice(1) };
    expect((await askCouch(gate.out, `${bucket}/_all_docs?include_docs=true`, 'POST', known)).status).toBe(
      200,
    );
    const docs = [{ id: 'nobody:1:nothing' }];
    expect((await askCouch(gate.out, `${bucket}/_bulk_get`, 'POST', { docs })).status).toBe(200);
  });

  it('lets places of replications be kept at both sides', async () => {
    for (const url of [gate.out, gate.in]) {
      const place = `${bucket}/_local/0123abc`;
      expect((await askCouch(url, place)).status).toBe(404);
      expect((await askCouch(url, place, 'PUT', { any: 1 })).status).toBe(201);
      expect(await askCouch(url, place)).toMatchObject({ status: 200, body: { any: 1 } });
      const { _rev } = (await askCouch(url, place)).body as { readonly _rev: string };
      const { adminUrl } = node().config.couch;
      await askCouch(adminUrl, `${place}?rev=${_rev}`, 'DELETE');
    }
  });

  it('takes envelopes and canaries, refuses what is beside them, counts that by its reason, and goes on (law 12)', async () => {
    const [good, late, junk] = [newEnvelope(mailbox), newEnvelope(mailbox), newEnvelope(mailbox)];
    await node().store(good);
    const tombstone = tombstoneDocument(documentId(mailbox, good.id));
    const bad = {
      deletion: tombstone,
      revision: { ...envelopeDocument(junk), _rev: `1-${'f'.repeat(32)}` },
      fields: { ...envelopeDocument(newEnvelope(mailbox)), note: 'more' },
      id: { _id: 'no-id-of-a-message', _rev: `1-${'f'.repeat(32)}` },
      canary: { _id: 'canary:node2:1-1', _rev: `1-${'a'.repeat(32)}`, at: 'now' },
      attachment: { ...envelopeDocument(newEnvelope(mailbox)), _attachments: { a: {} } },
    };
    const before = await Promise.all(Object.keys(bad).map(refusals));
    const canary = { _id: 'canary:node2:1-1', _rev: `1-${'a'.repeat(32)}`, at: 1 };
    const told = await write([...Object.values(bad), envelopeDocument(late), canary]);
    expect(told.status).toBe(201);
    const beside = newEnvelope(mailbox);
    expect(await write([{ any: 1 }, { _id: 5 }, envelopeDocument(beside)])).toMatchObject({
      status: 201,
      body: [{ error: 'forbidden' }, { error: 'forbidden' }],
    });
    await node().acknowledge(mailbox, beside.id);
    expect(told.body).toMatchObject(Object.values(bad).map(({ _id }) => ({ id: _id, error: 'forbidden' })));
    expect(await Promise.all(Object.keys(bad).map(refusals))).toEqual(
      Object.keys(bad).map((reason, index) => before[index]! + (reason === 'id' ? 3 : 1)),
    );
    expect(await node().ids(mailbox)).toEqual([good.id, late.id].sort());
    expect((await write([envelopeDocument(junk)], {})).status).toBe(400);
    expect((await write([envelopeDocument(junk)], { new_edits: true })).status).toBe(400);
    expect(await node().ids(mailbox)).not.toContain(junk.id);
  });

  it('tells that a few documents are missing only when they have had time to come by themselves', async () => {
    const { _id, _rev } = envelopeDocument(newEnvelope(mailbox));
    const beforeMs = performance.now();
    const { body } = await askCouch(gate.in, `${bucket}/_revs_diff`, 'POST', { [_id]: [_rev] });
    expect(body).toEqual({ [_id]: { missing: [_rev] } });
    expect(performance.now() - beforeMs).toBeGreaterThanOrEqual(node().config.couch.mesh!.patienceMs - 1);
  });

  const follow = (since: string, signal?: AbortSignal): Promise<Response> => {
    const { username, password, href } = new URL(gate.out);
    return fetch(
      `${href.replace(`${username}:${password}@`, '')}/${bucket}/_changes?feed=continuous&since=${since}`,
      {
        headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
        ...(signal && { signal }),
      },
    );
  };

  it('tells pages of changes, and never all of them at once, whatever is selected', async () => {
    await node().store(newEnvelope(mailbox));
    for (const method of ['GET', 'POST']) {
      const body = method === 'GET' ? undefined : { selector: { senderId: { $exists: true } } };
      const ask = (query: string) => askCouch(gate.out, `${bucket}/_changes${query}`, method, body);
      const { status, body: told } = await ask('?limit=0');
      expect([status, told]).toMatchObject([200, { pending: expect.any(Number) as number }]);
      expect((await ask('?limit=2000&since=0')).status).toBe(200);
      for (const query of [
        '',
        '?limit=2001',
        '?limit=-1',
        '?limit=x',
        '?since=0',
        '?limit=0&since=1&since=2',
        '?feed=normal',
        '?feed=',
      ])
        expect((await ask(query)).status, query).toBe(400);
    }
  });

  it('tells what is wrong with a feed that cannot begin', async () => {
    const refused = await follow('nowhere');
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'bad-request' }]);
  });

  it('passes a feed on for as long as somebody reads it', async () => {
    const reading = new AbortController();
    const feed = await follow('now', reading.signal);
    const lines: string[] = [];
    const end = (async () => {
      for await (const chunk of feed.body!.pipeThrough(new TextDecoderStream())) lines.push(chunk);
    })().catch(() => 'aborted');
    const envelope = newEnvelope(mailbox);
    await node().store(envelope);
    await waitFor('the change', () => lines.join('').includes(envelope.id));
    reading.abort();
    expect(await end).toBe('aborted');
  });
});
