import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LIMITS,
  documentId,
  envelopeDocument,
  envelopeFields,
  envelopeRevision,
  mintMessageId,
  partDocument,
  tombstoneDocument,
  tombstoneRevision,
} from '@restante/protocol';
import { meshRefusal, type MeshRefusal } from './mesh-rule.ts';

type Document = Record<string, unknown> & { _id: string };

const account = fc.uuid({ version: [1, 4, 7] });
const device = fc.integer({ min: 1, max: LIMITS.deviceId });
const message = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([time, bytes]) => mintMessageId(time, bytes));
const payload = fc.base64String({ minLength: 4, maxLength: 64 });

const envelope = fc
  .record({
    accountId: account,
    deviceId: device,
    id: message,
    senderId: account,
    senderDeviceId: device,
    expiresAt: fc.integer({ min: 2 ** 48, max: Number.MAX_SAFE_INTEGER }),
    type: fc.constantFrom('message' as const, 'prekey-message' as const),
    payload,
  })
  .map((stored): Document => ({ ...envelopeDocument(stored) }));

const withHistory = envelope.map((document): Document => ({
  ...document,
  _revisions: { start: 1, ids: [String(document['_rev']).slice(2)] },
}));

const canary = fc
  .record(
    {
      node: fc.stringMatching(/^[a-z0-9-]{1,64}$/),
      started: fc.maxSafeNat(),
      count: fc.integer({ min: 0, max: 999_999_999 }),
      at: fc.maxSafeInteger(),
      confirmed: fc.maxSafeInteger(),
      generation: fc.integer({ min: 1, max: 500 }),
    },
    { requiredKeys: ['node', 'started', 'count', 'at', 'generation'] },
  )
  .map(({ node, started, count, at, confirmed, generation }): Document => ({
    _id: `canary:${node}:${started}-${count}`,
    _rev: `${generation}-${'a'.repeat(32)}`,
    at,
    ...(confirmed !== undefined && { confirmed }),
  }));

const good = fc.oneof(envelope, withHistory, canary);

const names = [
  '_id',
  '_rev',
  '_revisions',
  '_deleted',
  '_attachments',
  '_replication_id',
  'senderId',
  'senderDeviceId',
  'sentAt',
  'expiresAt',
  'type',
  'payload',
  'v',
  'at',
  'confirmed',
  'constructor',
  '__proto__',
  'toString',
];
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null, true, false, '', 0, -0, 1, 2, -1, 127, 128, 1.5, 1e300, 2 ** 53, 2 ** 53 - 1, [], {}, [1], ['message'],
    'message', 'prekey-message', 'AAA=', 'AAAA\n', 'A===', '====', 'AAAAA', 'a'.repeat(LIMITS.payloadBytes),
    'a'.repeat(LIMITS.payloadBytes + 4), { a: {} }, { start: 1, ids: [] }, { start: 1, ids: ['a', 'b'] },
    { start: '1', ids: ['a'] }, { start: 1, ids: [1] }, '6ba7b810-9dad-01d1-80b4-00c04fd430c8',
  ), // prettier-ignore
  fc.jsonValue(),
);

/** A change to a document, by what is there. */
const mutation: fc.Arbitrary<(document: Document) => Document> = fc.oneof(
  fc.tuple(fc.constantFrom(...names), odd).map(([name, value]) => (document: Document) => ({
    ...document,
    ...(JSON.parse(JSON.stringify({ [name]: name === '_id' ? String(value) : value })) as object),
  })),
  fc
    .constantFrom(...names.slice(1))
    .map(
      (name) => (document: Document) =>
        Object.fromEntries(Object.entries(document).filter(([field]) => field !== name)) as Document,
    ),
  fc
    .tuple(fc.nat(100), fc.constantFrom('', '0', ':', 'A', 'é', 'g', '\n', '7'))
    .map(([at, inserted]) => (document: Document) => {
      const _id = document._id.slice(0, at) + inserted + document._id.slice(at + 1);
      // The revision goes with the id, or only the first of the two checks is tried.
      return { ...document, _id, _rev: envelopeRevision(_id) };
    }),
  fc
    .tuple(fc.constantFrom('sentAt', 'expiresAt', 'senderDeviceId', 'at'), fc.constantFrom(-1, 1, 0.5))
    .map(([name, by]) => (document: Document) => ({ ...document, [name]: Number(document[name] ?? 0) + by })),
  fc.constant((document: Document) => ({ ...document, expiresAt: document['sentAt'] })),
  fc.constant((document: Document): Document => ({ ...tombstoneDocument(document._id) })),
  fc.constant((document: Document) => ({ ...document, _rev: tombstoneRevision(document._id) })),
);

describe('the rule of the mesh', () => {
  it('lets good documents through', () => {
    fc.assert(
      fc.property(good, (document) => {
        expect(meshRefusal('messages', document)).toBeNull();
        expect(meshRefusal('blobs', document)).toBe('id');
      }),
    );
  });

  it('lets nothing through but an envelope of its one revision, or a canary', () => {
    let refused = 0;
    fc.assert(
      fc.property(good, fc.array(mutation, { maxLength: 2 }), (start, mutations) => {
        const document = mutations.reduce((changed, mutate) => mutate(changed), start);
        if (meshRefusal('messages', document) !== null) {
          refused += 1;
          return;
        }
        expect(document).not.toHaveProperty('_deleted', true);
        if (document._id.startsWith('canary:')) return;
        expect(document['_rev']).toBe(envelopeRevision(document._id));
        const fields = Object.keys(document).filter((name) => !name.startsWith('_') && name !== 'v');
        expect(fields.sort()).toEqual(Object.keys(envelopeFields).sort());
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });

  const id = documentId(
    { accountId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8', deviceId: 7 },
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  );
  const sample: Document = {
    _id: id,
    _rev: envelopeRevision(id),
    senderId: '6ba7b810-9dad-41d1-80b4-00c04fd430c9',
    senderDeviceId: 1,
    sentAt: 0x017f22e279b0,
    expiresAt: 0x017f22e279b1,
    type: 'message',
    payload: 'AAAA',
    v: 1,
  };
  const canarySample: Document = { _id: 'canary:node1:1-1', at: 1, confirmed: 2 };
  const largest = 'a'.repeat(LIMITS.payloadBytes);

  it.each<[string, Document, MeshRefusal | null]>([
    ['an envelope', sample, null],
    ['one without a form', { ...sample, v: undefined }, null],
    ['the largest', { ...sample, payload: largest }, null],
    ['its tombstone', { ...tombstoneDocument(id) }, 'deletion'],
    ['its body, deleted', { ...sample, _deleted: true }, 'deletion'],
    ['a later revision', { ...sample, _rev: tombstoneRevision(id) }, 'revision'],
    ['another first revision', { ...sample, _rev: `1-${'a'.repeat(32)}` }, 'revision'],
    ['none', { ...sample, _rev: undefined }, 'revision'],
    ['a foreign id', { ...sample, _id: 'odd' }, 'id'],
    ['a device that is none', { ...sample, _id: id.replace(':7:', ':128:') }, 'id'],
    ['an attachment', { ...sample, _attachments: { a: {} } }, 'attachment'],
    ['another time', { ...sample, sentAt: 1 }, 'fields'],
    ['an end before its beginning', { ...sample, expiresAt: 0x017f22e279b0 }, 'fields'],
    ['a type that is none', { ...sample, type: 'receipt' }, 'fields'],
    ['one too large', { ...sample, payload: `${largest}aaaa` }, 'fields'],
    ['one field more', { ...sample, note: 1 }, 'fields'],
    ['a reserved field', { ...sample, _replication_id: 'x' }, 'fields'],
    ['a canary', canarySample, null],
    ['a canary, deleted', { ...canarySample, _deleted: true }, 'deletion'],
    ['a canary with more', { ...canarySample, note: 1 }, 'canary'],
    ['a canary without its time', { _id: canarySample._id }, 'canary'],
    ['what is like a canary', { ...canarySample, _id: 'canary:Node:1-1' }, 'id'],
  ])('judges %s', (_what, document, expected) => {
    expect(meshRefusal('messages', JSON.parse(JSON.stringify(document)) as Document)).toBe(expected);
  });

  const blob = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
  const full = Buffer.alloc(LIMITS.blobPartBytes).toString('base64');
  const part = (number: number, bytes: number, data: string): Document & { readonly _rev: string } => ({
    ...partDocument(blob, number, bytes, data),
  });
  const small = part(0, 3, 'AAAA');

  it.each<[string, Document, MeshRefusal | null]>([
    ['a part', small, null],
    ['one with its history', { ...small, _revisions: { start: 1, ids: [small._rev.slice(2)] } }, null],
    ['a full one', part(0, LIMITS.blobPartBytes + 1, full), null],
    ['the last one', part(1, LIMITS.blobPartBytes + 1, 'AA=='), null],
    ['one that is longer than its blob says', part(0, 2, 'AAAA'), 'fields'],
    ['one that is shorter', part(0, 4, 'AAAA'), 'fields'],
    ['one after the last one', part(1, 3, 'AAAA'), 'fields'],
    ['one of a blob that is too large', part(0, 2 ** 40, full), 'fields'],
    ['one that is no base64', part(0, 3, 'AA\nA'), 'fields'],
    ['one field more', { ...small, note: 1 }, 'fields'],
    ['another form', { ...small, v: 2 }, 'fields'],
    ['its tombstone', { ...tombstoneDocument(small._id) }, 'deletion'],
    ['another revision', { ...small, _rev: `1-${'a'.repeat(32)}` }, 'revision'],
    ['an attachment', { ...small, _attachments: { a: {} } }, 'attachment'],
    ['another id', { ...small, _id: `${blob}:1` }, 'id'],
    ['an envelope', sample, 'id'],
    ['a canary', canarySample, 'id'],
  ])('judges %s in a bucket of blobs', (_what, document, expected) => {
    expect(meshRefusal('blobs', JSON.parse(JSON.stringify(document)) as Document)).toBe(expected);
    if (expected === null) expect(meshRefusal('messages', document)).toBe('id');
  });
});
