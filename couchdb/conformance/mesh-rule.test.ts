import { randomUUID } from 'node:crypto';
import {
  BUCKET_RULE,
  LIMITS,
  MESH_ROLE,
  READER_ROLE,
  envelopeDocument,
  mintMessageId,
  tombstoneDocument,
  tombstoneRevision,
} from '@restante/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually, useCouches, type Couch, type Login, type StoredDocument } from './couch.ts';

const couches = useCouches(2);
let couch: Couch;
let peer: Couch;
let data: Login;
let mesh: Login;
let reader: Login;
const dataRole = 'data-path';
beforeAll(async () => {
  [couch, peer] = couches() as [Couch, Couch];
  [data, mesh, reader] = await Promise.all([
    couch.createUser([dataRole]),
    couch.createUser([MESH_ROLE]),
    couch.createUser([READER_ROLE]),
  ]);
});

type Document = Record<string, unknown> & { _id: string; _rev: string };

function envelope(changes: object = {}): Document {
  const sentAt = Date.now();
  return {
    ...envelopeDocument({
      accountId: randomUUID(),
      deviceId: 7,
      id: mintMessageId(sentAt, crypto.getRandomValues(new Uint8Array(10))),
      senderId: randomUUID(),
      senderDeviceId: 1,
      expiresAt: sentAt + 1000,
      type: 'message',
      payload: 'AAAA',
    }),
    ...changes,
  };
}

const canary = (changes: object = {}): Document => ({
  _id: `canary:node-${randomUUID().slice(0, 8)}:1-1`,
  _rev: `3-${'c'.repeat(32)}`,
  _revisions: { start: 3, ids: ['c', 'b', 'a'].map((digit) => digit.repeat(32)) },
  at: 1,
  confirmed: 2,
  ...changes,
});

/** A database that all three users may use, with a rule that holds. */
async function createRuled(on: Couch, rule: typeof BUCKET_RULE): Promise<string> {
  const db = await on.createDatabase();
  await on.put(`${db}/_security`, {
    admins: { names: [], roles: [] },
    members: { names: [], roles: [dataRole, MESH_ROLE, READER_ROLE] },
  });
  await on.put(`${db}/${rule._id}`, rule);
  // Apache CouchDB takes a moment until each shard has the rule.
  const as = await on.createUser([READER_ROLE]);
  await eventually('the rule holds', async () => {
    const docs = Array.from({ length: 20 }, () => canary());
    const { body } = await on.request('POST', `${db}/_bulk_docs`, { as, body: { docs, new_edits: false } });
    return (body as unknown as object[]).length === docs.length ? true : undefined;
  });
  return db;
}

const path = (db: string, id: string) => `${db}/${encodeURIComponent(id)}`;

async function isThere(db: string, id: string): Promise<boolean> {
  return (await couch.request('GET', path(db, id))).status === 200;
}

function replicate(db: string, docs: object[], as: Login) {
  return couch.request('POST', `${db}/_bulk_docs`, { as, body: { docs, new_edits: false } });
}

describe('a bucket with its rule', () => {
  let db = '';
  beforeAll(async () => {
    db = await createRuled(couch, BUCKET_RULE);
  });

  it('takes anything from its own node and from the admin', async () => {
    for (const as of [data, couch.admin]) {
      const document = envelope();
      const junk = { _id: randomUUID(), _rev: `1-${'a'.repeat(32)}`, any: 1 };
      expect((await replicate(db, [document, junk, canary()], as)).body).toEqual([]);
      expect((await replicate(db, [tombstoneDocument(document._id)], as)).body).toEqual([]);
      expect(await isThere(db, document._id)).toBe(false);
      expect(await couch.request('DELETE', `${path(db, junk._id)}?rev=${junk._rev}`, { as })).toMatchObject({
        status: 200,
      });
    }
  });

  it('takes envelopes and canaries from the mesh', async () => {
    const document = envelope();
    const withHistory = envelope();
    withHistory['_revisions'] = { start: 1, ids: [withHistory._rev.slice(2)] };
    const beat = canary();
    expect((await replicate(db, [document, withHistory, beat], mesh)).body).toEqual([]);
    expect(await couch.get(path(db, document._id))).toEqual(document);
    expect(await couch.get(path(db, beat._id))).toMatchObject({ at: 1, confirmed: 2 });
    expect((await replicate(db, [document], mesh)).body).toEqual([]);
  });

  const other = `1-${'a'.repeat(32)}`;
  const attachment = { content_type: 'text/plain', data: 'AAAA' };
  it.each<[string, () => Document, string]>([
    ['a tombstone', () => ({ ...tombstoneDocument(envelope()._id) }), 'deletions are not carried'],
    ['a deleted body', () => envelope({ _deleted: true }), 'deletions are not carried'],
    ['a deleted canary', () => canary({ _deleted: true }), 'deletions are not carried'],
    ['another revision', () => envelope({ _rev: other }), 'not the one revision of an envelope'],
    [
      'a later revision',
      () => {
        const document = envelope();
        return { ...document, _rev: tombstoneRevision(document._id) };
      },
      'not the one revision of an envelope',
    ],
    [
      'a longer history',
      () => {
        const document = envelope();
        const ids = ['b'.repeat(32), document._rev.slice(2)];
        return { ...document, _rev: `2-${ids[0]}`, _revisions: { start: 2, ids } };
      },
      'not the one revision of an envelope',
    ],
    ['a foreign id', () => envelope({ _id: randomUUID() }), 'neither an envelope nor a canary'],
    [
      'a device that is none',
      () => envelope({ _id: envelope()._id.replace(':7:', ':128:') }),
      'neither an envelope nor a canary',
    ],
    ['an attachment', () => envelope({ _attachments: { a: attachment } }), 'attachments are not carried'],
    ['another time', () => envelope({ sentAt: 1 }), 'not the fields of an envelope'],
    ['an end before its beginning', () => envelope({ expiresAt: 1 }), 'not the fields of an envelope'],
    ['an end that is no integer', () => envelope({ expiresAt: 1e300 }), 'not the fields of an envelope'],
    ['another type', () => envelope({ type: 'receipt' }), 'not the fields of an envelope'],
    ['no base64', () => envelope({ payload: 'AAAA\n' }), 'not the fields of an envelope'],
    [
      'too much',
      () => envelope({ payload: 'A'.repeat(LIMITS.payloadBytes + 4) }),
      'not the fields of an envelope',
    ],
    ['another form', () => envelope({ v: 2 }), 'not the fields of an envelope'],
    ['one field more', () => envelope({ note: 1 }), 'not the fields of an envelope'],
    ['a sender that is none', () => envelope({ senderId: 'x' }), 'not the fields of an envelope'],
    ['a canary with more', () => canary({ note: 1 }), 'not the fields of a canary'],
    ['a canary without its time', () => canary({ at: null }), 'not the fields of a canary'],
    [
      'a canary with an attachment',
      () => canary({ _attachments: { a: attachment } }),
      'attachments are not carried',
    ],
  ])('turns down %s from the mesh, and takes what is beside it', async (_what, make, reason) => {
    const bad = make();
    const beside = envelope();
    const { status, body } = await replicate(db, [bad, beside], mesh);
    expect(status).toBe(201);
    expect(body).toEqual([{ id: bad._id, rev: bad._rev, error: 'forbidden', reason }]);
    expect(await couch.request('GET', path(db, bad._id))).toMatchObject({
      status: 404,
      body: { reason: 'missing' },
    });
    expect(await isThere(db, beside._id)).toBe(true);
    const put = await couch.request('PUT', `${path(db, bad._id)}?new_edits=false`, { as: mesh, body: bad });
    expect(put).toMatchObject({ status: 403, body: { error: 'forbidden', reason } });
  });

  it('turns down every edit from the mesh', async () => {
    const document = envelope();
    const { _id, _rev } = document;
    expect((await replicate(db, [document], mesh)).body).toEqual([]);
    const fresh = envelope();
    const unborn = { ...fresh, _rev: undefined };
    for (const [method, resource, body] of [
      ['PUT', path(db, fresh._id), unborn],
      ['PUT', path(db, _id), document],
      ['POST', db, unborn],
      ['DELETE', `${path(db, _id)}?rev=${_rev}`, undefined],
      ['PUT', `${path(db, _id)}/a.txt?rev=${_rev}`, 'text'],
      ['PUT', `${path(db, fresh._id)}/a.txt`, 'text'],
    ] as const)
      expect(
        await couch.request(method, resource, { as: mesh, ...(body !== undefined && { body }) }),
      ).toMatchObject({ status: 403, body: { error: 'forbidden', reason: expect.any(String) as string } });
    // The embedded server has no COPY.
    const headers = { destination: encodeURIComponent(fresh._id) };
    expect((await couch.request('COPY', path(db, _id), { as: mesh, headers })).status).toBeOneOf([403, 405]);
    expect(await couch.get(path(db, _id))).toEqual(document);
    expect(await isThere(db, fresh._id)).toBe(false);
  });

  it('tells of each edit in its place', async () => {
    const beat = { _id: canary()._id, at: 1 };
    const body = { docs: [{ _id: randomUUID() }, beat, { _id: randomUUID(), _deleted: true }] };
    expect(await couch.request('POST', `${db}/_bulk_docs`, { as: mesh, body })).toMatchObject({
      status: 201,
      body: [
        { id: body.docs[0]?._id, error: 'forbidden', reason: 'neither an envelope nor a canary' },
        { ok: true, id: beat._id },
        { id: body.docs[2]?._id, error: 'forbidden', reason: 'deletions are not carried' },
      ],
    });
  });

  it('takes no document from a reader', async () => {
    for (const document of [envelope(), canary(), { ...tombstoneDocument(envelope()._id) }])
      expect((await replicate(db, [document], reader)).body).toMatchObject([
        { id: document._id, error: 'forbidden', reason: 'a reader writes no documents' },
      ]);
    expect(
      await couch.request('PUT', path(db, randomUUID()), { as: reader, body: { any: 1 } }),
    ).toMatchObject({ status: 403, body: { reason: 'a reader writes no documents' } });
    expect((await couch.request('GET', `${db}/_changes`, { as: reader })).status).toBe(200);
  });

  it('says nothing about places of replications, and design documents are the admins’', async () => {
    for (const as of [mesh, reader]) {
      const body = { any: 1 };
      expect(await couch.request('PUT', `${db}/_local/${randomUUID()}`, { as, body })).toMatchObject({
        status: 201,
      });
      for (const _id of ['_design/other', BUCKET_RULE._id])
        expect((await replicate(db, [{ _id, _rev: `9-${'f'.repeat(32)}` }], as)).body).toMatchObject([
          { id: _id, error: 'forbidden' },
        ]);
      const { _rev } = await couch.get(`${db}/${BUCKET_RULE._id}`);
      expect(await couch.request('DELETE', `${db}/${BUCKET_RULE._id}?rev=${_rev}`, { as })).toMatchObject({
        status: 403,
      });
    }
  });

  it('holds for as long as the rule is there', async () => {
    const ruled = await createRuled(couch, BUCKET_RULE);
    const { _rev } = await couch.get(`${ruled}/${BUCKET_RULE._id}`);
    await couch.expectOk('DELETE', `${ruled}/${BUCKET_RULE._id}?rev=${_rev}`);
    await eventually('anything is taken', async () => {
      const junk = { _id: randomUUID(), _rev: other };
      return JSON.stringify((await replicate(ruled, [junk], mesh)).body) === '[]' ? true : undefined;
    });
  });
});

describe('a database whose only member is the data path’s user, as the directory is', () => {
  it('lets the mesh and readers neither write nor read', async () => {
    const db = await couch.createDatabase();
    await couch.put(`${db}/_security`, {
      admins: { names: [], roles: ['_admin'] },
      members: { names: [data.name], roles: [] },
    });
    const id = randomUUID();
    await couch.expectOk('PUT', path(db, id), { as: data, body: { any: 1 } });
    for (const as of [mesh, reader]) {
      for (const at of [path(db, id), `${db}/_changes`, `${db}/_all_docs`, db])
        expect(await couch.request('GET', at, { as })).toMatchObject({ status: 403 });
      expect(await couch.request('PUT', path(db, randomUUID()), { as, body: {} })).toMatchObject({
        status: 403,
      });
      expect(await replicate(db, [envelope()], as)).toMatchObject({ status: 403 });
      expect(await couch.request('PUT', `${db}/_local/place`, { as, body: {} })).toMatchObject({
        status: 403,
      });
    }
  });
});

describe('replication by the mesh', () => {
  function addressOf(on: Couch, db: string, { name, password }: Login): string {
    const url = new URL(on.url + db);
    [url.username, url.password] = [name, password];
    return url.href;
  }

  it('goes on past what is refused, and counts it', async () => {
    const source = await peer.createDatabase();
    await peer.put(`${source}/_security`, {
      admins: { names: [], roles: [] },
      members: { names: [], roles: [READER_ROLE] },
    });
    const target = await createRuled(couch, BUCKET_RULE);
    const bad = [
      { ...tombstoneDocument(envelope()._id) },
      envelope({ note: 1 }),
      { _id: randomUUID(), _rev: `1-${'a'.repeat(32)}` },
    ];
    const good = [envelope(), canary(), envelope()];
    await peer.post(`${source}/_bulk_docs`, { docs: [...bad, ...good], new_edits: false });
    const id = `mesh-${randomUUID()}`;
    await couch.putSystemDocument('_replicator', id, {
      source: addressOf(peer, source, await peer.createUser([READER_ROLE])),
      target: addressOf(couch, target, mesh),
      continuous: true,
      checkpoint_interval: 500,
    });
    const info = (failures: number) =>
      eventually(`${failures} refusals are counted`, async () => {
        for (const where of [`docs/_replicator/${id}`, 'jobs']) {
          const { body } = await couch.request('GET', `/_scheduler/${where}`);
          const { jobs = [body] } = body as { jobs?: StoredDocument[] };
          const job = jobs.find(({ doc_id }) => doc_id === id);
          const counted = job?.['info'] as { doc_write_failures?: number; docs_written?: number } | undefined;
          if (counted?.doc_write_failures !== failures) return undefined;
        }
        return true;
      });
    for (const { _id } of good)
      await eventually('what is good arrives', async () => ((await isThere(target, _id)) ? true : undefined));
    await info(bad.length);
    const later = envelope();
    const junk = { _id: randomUUID(), _rev: `1-${'a'.repeat(32)}` };
    await peer.post(`${source}/_bulk_docs`, { docs: [junk, later], new_edits: false });
    await eventually('what is later arrives', async () =>
      (await isThere(target, later._id)) ? true : undefined,
    );
    await info(bad.length + 1);
    for (const { _id } of [...bad, junk]) expect(await isThere(target, _id)).toBe(false);
    const { doc_count, doc_del_count } = await couch.get(target);
    expect([doc_count, doc_del_count]).toEqual([good.length + 2, 0]);
  });
});
