import { Script, createContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BUCKET_RULE,
  LIMITS,
  MESH_ROLE,
  READER_ROLE,
  documentId,
  envelopeDocument,
  envelopeRevision,
  mintMessageId,
  refusalInBucket,
  tombstoneDocument,
  tombstoneRevision,
} from './index.ts';

type Document = Record<string, unknown> & { _id: string };
type Rule = (written: unknown, previous: unknown, user: { roles: readonly string[] }) => void;

/** A text as CouchDB's engines take it: a function expression, in a context with nothing of Node's in it. */
const compile = (text: string): Rule =>
  new Script(`'use strict'; (${text})`).runInContext(createContext({})) as Rule;

const inBucket = compile(BUCKET_RULE.validate_doc_update);

/** What a text says, in the form of the functions. */
const refusalOf = (rule: Rule, document: unknown, previous: unknown, roles: readonly string[]) => {
  try {
    rule(document, previous, { roles });
    return null;
  } catch (refusal) {
    return (refusal as { forbidden: string }).forbidden;
  }
};

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

const roles = fc.subarray([MESH_ROLE, READER_ROLE, 'other', '_admin']);

describe('the rule of a bucket', () => {
  it('lets good documents through', () => {
    fc.assert(
      fc.property(good, (document) => {
        expect(refusalInBucket(document, false, [MESH_ROLE])).toBeNull();
      }),
    );
  });

  it('says the same as text and as function, of documents good and bad', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        good,
        fc.array(mutation, { maxLength: 2 }),
        fc.boolean(),
        fc.oneof(fc.constant([MESH_ROLE]), roles),
        (start, mutations, replaces, who) => {
          const document = mutations.reduce((changed, mutate) => mutate(changed), start);
          const said = refusalInBucket(document, replaces, who);
          expect(refusalOf(inBucket, document, replaces ? { _id: document._id } : null, who)).toBe(said);
          if (said !== null) refused += 1;
        },
      ),
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

  it.each<[string, Document, string | null]>([
    ['an envelope', sample, null],
    ['one without a form', { ...sample, v: undefined }, null],
    ['the largest', { ...sample, payload: largest }, null],
    ['its tombstone', { ...tombstoneDocument(id) }, 'deletions are not carried'],
    ['its body, deleted', { ...sample, _deleted: true }, 'deletions are not carried'],
    ['a later revision', { ...sample, _rev: tombstoneRevision(id) }, 'not the one revision of an envelope'],
    [
      'another first revision',
      { ...sample, _rev: `1-${'a'.repeat(32)}` },
      'not the one revision of an envelope',
    ],
    ['none', { ...sample, _rev: undefined }, 'not the one revision of an envelope'],
    ['a foreign id', { ...sample, _id: 'odd' }, 'neither an envelope nor a canary'],
    [
      'a device that is none',
      { ...sample, _id: id.replace(':7:', ':128:') },
      'neither an envelope nor a canary',
    ],
    ['an attachment', { ...sample, _attachments: { a: {} } }, 'attachments are not carried'],
    ['another time', { ...sample, sentAt: 1 }, 'not the fields of an envelope'],
    [
      'an end before its beginning',
      { ...sample, expiresAt: 0x017f22e279b0 },
      'not the fields of an envelope',
    ],
    ['a type that is none', { ...sample, type: 'receipt' }, 'not the fields of an envelope'],
    ['one too large', { ...sample, payload: `${largest}aaaa` }, 'not the fields of an envelope'],
    ['one field more', { ...sample, note: 1 }, 'not the fields of an envelope'],
    ['a reserved field', { ...sample, _replication_id: 'x' }, 'not the fields of an envelope'],
    ['a canary', canarySample, null],
    ['a canary, deleted', { ...canarySample, _deleted: true }, 'deletions are not carried'],
    ['a canary with more', { ...canarySample, note: 1 }, 'not the fields of a canary'],
    ['a canary without its time', { _id: canarySample._id }, 'not the fields of a canary'],
    [
      'what is like a canary',
      { ...canarySample, _id: 'canary:Node:1-1' },
      'neither an envelope nor a canary',
    ],
  ])('judges %s', (_what, document, expected) => {
    const json = JSON.parse(JSON.stringify(document)) as Document;
    expect(refusalInBucket(json, false, [MESH_ROLE])).toBe(expected);
    expect(refusalOf(inBucket, json, null, [MESH_ROLE])).toBe(expected);
    for (const rule of [refusalInBucket(json, false, ['other']), refusalOf(inBucket, json, null, ['_admin'])])
      expect(rule).toBeNull();
    expect(refusalOf(inBucket, json, null, [MESH_ROLE, READER_ROLE])).toBe('a reader writes no documents');
  });

  it('lets no edit of an envelope through, and of a canary', () => {
    expect(refusalInBucket(sample, true, [MESH_ROLE])).toBe('not the one revision of an envelope');
    expect(refusalInBucket(canarySample, true, [MESH_ROLE])).toBeNull();
  });
});
