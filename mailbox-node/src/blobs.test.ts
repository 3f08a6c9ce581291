import {
  blobParts,
  buckets,
  errorBody,
  LIMITS,
  partDocument,
  partDocumentId,
  partStored,
  tombstoneDocument,
  type BlobId,
} from '@restante/protocol';
import {
  askCouch,
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestMesh,
  startTestNode,
  waitFor,
  type TestMesh,
} from '@restante/testkit';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newBlobId } from './blobs/blob-store.contract.ts';

const PART = LIMITS.blobPartBytes;
const OCTETS = { 'content-type': 'application/octet-stream' };

const keys = newTestKeys();
let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh(await startCouches(3), keys);
});
afterAll(() => mesh[Symbol.asyncDispose]());

const url = (node: number): string => mesh.nodes[node]!.url;
const newId = (): BlobId => newBlobId(Date.now());
const toWrite = (blob: BlobId, bytes: number) => keys.asTicket({ blob, bytes });
const toRead = (blob: BlobId) => keys.asTicket({ blob, bytes: null });

type Put = { readonly node?: number; readonly headers?: Record<string, string>; readonly query?: string };
const put = async (blob: BlobId, part: number, bytes: number, data: Buffer, how: Put = {}) =>
  fetch(`${url(how.node ?? 0)}/blobs/${blob}/${part}${how.query ?? ''}`, {
    method: 'PUT',
    body: new Uint8Array(data),
    headers: { ...OCTETS, ...(await toWrite(blob, bytes)), ...how.headers },
  });
const get = async (node: number, blob: BlobId, part: number): Promise<Buffer | number> => {
  const answer = await fetch(`${url(node)}/blobs/${blob}/${part}`, { headers: await toRead(blob) });
  const body = Buffer.from(await answer.arrayBuffer());
  return answer.ok ? body : answer.status;
};
const partsAt = async (node: number, blob: BlobId) =>
  blobParts.parse(await (await fetch(`${url(node)}/blobs/${blob}`, { headers: await toRead(blob) })).json())
    .parts;
const codeOf = async (answer: Response): Promise<string> => errorBody.parse(await answer.json()).code;

describe('a blob', () => {
  it('that one node takes is at all, part by part, and is given by each', async () => {
    const blob = newId();
    const data = [randomBytes(PART), randomBytes(PART), randomBytes(33)];
    const bytes = 2 * PART + 33;
    for (const part of [0, 2]) {
      const answer = await put(blob, part, bytes, data[part]!, { node: part });
      expect(partStored.parse(await answer.json()).copies).toBeGreaterThanOrEqual(2);
    }
    for (const node of [0, 1, 2]) {
      await waitFor(`both parts at ${node}`, async () => (await partsAt(node, blob)).length === 2);
      expect(await partsAt(node, blob)).toEqual([
        { from: 0, to: 0 },
        { from: 2, to: 2 },
      ]);
      expect(await get(node, blob, 1)).toBe(404);
    }
    await put(blob, 1, bytes, data[1]!);
    for (const node of [0, 1, 2]) {
      await waitFor(`all of it at ${node}`, async () => (await partsAt(node, blob))[0]?.to === 2);
      for (const part of [0, 1, 2])
        expect(data[part]!.equals((await get(node, blob, part)) as Buffer), `${node} ${part}`).toBe(true);
    }
  });

  it('is put again to the same end (law 5)', async () => {
    const blob = newId();
    const data = randomBytes(40);
    for (const node of [0, 0, 1]) expect((await put(blob, 0, 40, data, { node })).status).toBe(200);
    expect(await partsAt(2, blob)).toEqual([{ from: 0, to: 0 }]);
  });

  it('goes no further from a node that another one has brought it to', async () => {
    const blob = newId();
    const answer = await put(blob, 0, 5, randomBytes(5), { query: '?copies=own' });
    expect(partStored.parse(await answer.json())).toEqual({ copies: 1 });
    expect(await partsAt(0, blob)).toEqual([{ from: 0, to: 0 }]);
  });
});

describe('a ticket', () => {
  it('is needed, valid, in time, for this blob, and for what is done (law 7)', async () => {
    const [blob, other] = [newId(), newId()];
    const past = Date.now() - LIMITS.clockSkewMs - 60_000;
    const mailbox = { accountId: crypto.randomUUID(), deviceId: 1 };
    const write: readonly [Record<string, string>, string][] = [
      [{ authorization: '' }, 'unauthorized'],
      [await newTestKeys().asTicket({ blob, bytes: 5 }), 'unauthorized'],
      [await keys.asDevice(mailbox), 'unauthorized'],
      [await keys.asMaster(), 'unauthorized'],
      [await keys.asTicket({ blob, bytes: 5 }, past), 'token-expired'],
      [await toWrite(other, 5), 'forbidden'],
      [await toRead(blob), 'forbidden'],
    ];
    for (const [headers, code] of write)
      expect(await codeOf(await put(blob, 0, 5, randomBytes(5), { headers }))).toBe(code);
    const read: readonly [Record<string, string>, string][] = [
      [{}, 'unauthorized'],
      [await keys.asDevice(mailbox), 'unauthorized'],
      [await keys.asTicket({ blob, bytes: null }, past), 'token-expired'],
      [await toRead(other), 'forbidden'],
    ];
    for (const [headers, code] of read)
      for (const path of ['', '/0'])
        expect(await codeOf(await fetch(`${url(0)}/blobs/${blob}${path}`, { headers }))).toBe(code);
    expect(await partsAt(0, blob)).toEqual([]);
    // Nor does a ticket open a mailbox, or write to one.
    const ticket = await toWrite(mailbox.accountId, 5).catch(() => toWrite(blob, 5));
    const asked = await fetch(`${url(0)}/messages/${mailbox.accountId}?device=1`, { headers: ticket });
    expect(await codeOf(asked)).toBe('unauthorized');
  });
});

describe('what is no part', () => {
  it('is refused by its name, and nothing of it is kept', async () => {
    const blob = newId();
    const old = newBlobId(Date.now() - LIMITS.messageTtlMs - 1_000);
    const ahead = newBlobId(Date.now() + LIMITS.clockSkewMs + 60_000);
    const bytes = PART + 1;
    const refused: readonly [Promise<Response>, string][] = [
      [put(blob, 0, bytes, randomBytes(PART - 1)), 'bad-request'],
      [put(blob, 1, bytes, randomBytes(2)), 'bad-request'],
      [put(blob, 2, bytes, randomBytes(1)), 'bad-request'],
      [put(blob, 1, bytes, Buffer.alloc(0)), 'bad-request'],
      [put(blob, LIMITS.blobParts, bytes, randomBytes(1)), 'bad-request'],
      [put(blob, 0, bytes, randomBytes(PART + 1)), 'payload-too-large'],
      [put(blob, 0, bytes, randomBytes(PART), { query: '?copies=all' }), 'bad-request'],
      [
        put(blob, 1, bytes, randomBytes(1), { headers: { 'content-type': 'text/plain' } }),
        'unsupported-media-type',
      ],
      [
        put(blob, 1, bytes, randomBytes(1), { headers: { 'content-encoding': 'gzip' } }),
        'unsupported-media-type',
      ],
      [put(old, 0, 1, randomBytes(1)), 'message-expired'],
      [put(ahead, 0, 1, randomBytes(1)), 'clock-skew'],
      [put('not-an-id', 0, 1, randomBytes(1)), 'unauthorized'],
    ];
    for (const [answer, code] of refused) expect(await codeOf(await answer), code).toBe(code);
    expect(await partsAt(0, blob)).toEqual([]);
    const deleted = await fetch(`${url(0)}/blobs/${blob}`, { method: 'DELETE', headers: await toRead(blob) });
    expect(await codeOf(deleted)).toBe('method-not-allowed');
  });
});

describe('parts in memory', () => {
  it('are bounded, read and written: who comes then is told to come again, and the room is given back', async () => {
    const blob = newId();
    expect((await put(blob, 0, PART + 1, randomBytes(PART))).status).toBe(200);
    const [node, headers] = [new URL(url(0)), { ...OCTETS, ...(await toWrite(blob, PART + 1)) }];
    // Sends no more than its head and a byte.
    const begin = () => {
      const asking = request({
        ...{ hostname: node.hostname, port: node.port },
        method: 'PUT',
        path: `/blobs/${blob}/0`,
        headers: { ...headers, 'content-length': PART },
      });
      asking.on('error', () => undefined);
      asking.write('x');
      return asking;
    };
    const slow = Array.from({ length: 30 }, begin);
    // What came before them may have held room for a moment.
    await waitFor('no room', async () => {
      slow.push(begin());
      return (await get(0, blob, 0)) === 503;
    });
    const refused = await put(blob, 0, PART + 1, randomBytes(PART));
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await codeOf(refused)).toBe('unavailable');
    for (const asking of slow) asking.destroy();
    await waitFor('room', async () => typeof (await get(0, blob, 0)) !== 'number');
    for (let round = 0; round < 40; round += 1) expect((await get(0, blob, 0)) as Buffer).toHaveLength(PART);
  });
});

describe('while nodes are down', () => {
  it('a part is taken by those that are there, which say how many have it', async () => {
    const [first, ...others] = mesh.nodes;
    const [blob, later] = [newId(), newId()];
    await others[1]![Symbol.asyncDispose]();
    const two = await put(blob, 0, 9, randomBytes(9));
    expect(partStored.parse(await two.json())).toEqual({ copies: 2 });
    await others[0]![Symbol.asyncDispose]();
    const one = await fetch(`${first!.url}/blobs/${later}/0`, {
      method: 'PUT',
      body: 'x',
      headers: { ...OCTETS, ...(await toWrite(later, 1)) },
    });
    expect(partStored.parse(await one.json())).toEqual({ copies: 1 });
    await mesh.restart();
    for (const node of [0, 1, 2])
      for (const each of [blob, later])
        await waitFor(`all at ${node}`, async () => (await partsAt(node, each)).length === 1);
    expect((await get(2, later, 0)).toString()).toBe('x');
  });

  it('all of a large blob is brought to who was away, a few parts at a time', async () => {
    await mesh.nodes[2]![Symbol.asyncDispose]();
    // More than the gate takes at once.
    const [blob, parts] = [newId(), 8];
    expect(parts * PART).toBeGreaterThanOrEqual(LIMITS.storeBodyBytes);
    const data = Array.from({ length: parts }, () => randomBytes(PART));
    for (const [part, one] of data.entries())
      expect((await put(blob, part, parts * PART, one)).status).toBe(200);
    await mesh.restart();
    const all = [{ from: 0, to: parts - 1 }];
    await waitFor('all parts', async () => isDeepStrictEqual(await partsAt(2, blob), all));
    for (const [part, one] of data.entries())
      expect(one.equals((await get(2, blob, part)) as Buffer), String(part)).toBe(true);
  });

  it('what a dishonest peer writes into a bucket of blobs is carried to nobody (law 12)', async () => {
    const [blob, forged, deleted] = [newId(), newId(), newId()];
    for (const each of [blob, deleted]) expect((await put(each, 0, 3, Buffer.from('abc'))).status).toBe(200);
    for (const node of [0, 1, 2])
      await waitFor(`both at ${node}`, async () => (await partsAt(node, deleted)).length === 1);
    const { config } = mesh.nodes[0]!;
    const bucket =
      config.couch.databasePrefix +
      buckets(config.bucketSpanDays, config.messageTtlMs, 'blobs').nameAt(Date.now());
    const part = (of: BlobId, bytes: number, data: string) => partDocument(of, 0, bytes, data);
    const docs = [
      part(forged, 5, 'AAAA'),
      { ...part(forged, 3, 'AAAA'), _id: `${forged}:0001`, note: 1 },
      { ...part(newId(), 3, 'AAAA'), _rev: `1-${'a'.repeat(32)}` },
      tombstoneDocument(partDocumentId(deleted, 0)),
      { _id: 'junk', _rev: `1-${'b'.repeat(32)}` },
    ];
    const written = await askCouch(config.couch.adminUrl, `${bucket}/_bulk_docs`, 'POST', {
      docs,
      new_edits: false,
    });
    expect(written.body).toEqual([]);
    // What is written after it is carried after it.
    const later = newId();
    expect((await put(later, 0, 3, Buffer.from('xyz'), { query: '?copies=own' })).status).toBe(200);
    for (const node of [1, 2]) {
      await waitFor(`the later one at ${node}`, async () => (await partsAt(node, later)).length === 1);
      expect(await partsAt(node, forged)).toEqual([]);
      expect(await get(node, deleted, 0)).toEqual(Buffer.from('abc'));
    }
    expect(await get(0, blob, 0)).toEqual(Buffer.from('abc'));
  });
});

describe('a mesh that brings blobs slowly', () => {
  it('brings mail, and what is uploaded, as before', async () => {
    const couches = await startCouches(2);
    await using slow = await startTestMesh(couches, keys);
    await slow.stop();
    const paced = slow.configs.map((config) => ({
      ...config,
      couch: { ...config.couch, mesh: { ...config.couch.mesh!, blobBytesPerSecond: 1 } },
    }));
    await using first = await startTestNode(paced[0]!, keys);
    const [blob, later, mailbox] = [newId(), newId(), newMailbox()];
    const write = async (of: BlobId, part: number) =>
      fetch(`${first.url}/blobs/${of}/${part}`, {
        method: 'PUT',
        body: new Uint8Array(randomBytes(PART)),
        headers: { ...OCTETS, ...(await toWrite(of, 2 * PART)) },
      });
    for (const part of [0, 1]) expect((await write(blob, part)).status).toBe(200);
    const envelope = newEnvelope(mailbox);
    await using second = await startTestNode(paced[1]!, keys);
    // It is asked for here, and begins to come.
    await first.store(envelope);
    await waitFor('the mail', async () => (await second.ids(mailbox)).length === 1);
    // It was away a moment ago, and may be passed over.
    await waitFor(
      'a copy there',
      async () => partStored.parse(await (await write(later, 0)).json()).copies === 2,
    );
    const at = async (of: BlobId) =>
      blobParts.parse(await (await fetch(`${second.url}/blobs/${of}`, { headers: await toRead(of) })).json())
        .parts;
    expect([await at(blob), await at(later)]).toEqual([[], [{ from: 0, to: 0 }]]);
  });
});
