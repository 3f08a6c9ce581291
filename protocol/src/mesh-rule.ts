import * as z from 'zod/mini';
import { envelopeRevision, parseDocumentId } from './document.ts';
import { envelopeFields, envelopeType } from './envelope.ts';
import { LIMITS } from './limits.ts';
import { messageTime } from './message-id.ts';

/**
 * What one node's replication may write into another node's buckets (law 12): envelopes and canaries, never a deletion.
 * The rule is here twice: as the text of a `validate_doc_update` for Apache CouchDB, and as a function for
 * the embedded server, which runs no text of a document. Who has neither role may write anything.
 */

/** Role of who writes what replication carries. */
export const MESH_ROLE = 'restante-mesh';
/** Role of who reads for replication: writes no document at all. */
export const READER_ROLE = 'restante-reader';

/** Why a document is refused. What is in it is not told. */
const REFUSALS = {
  reader: 'a reader writes no documents',
  deletion: 'deletions are not carried',
  attachment: 'attachments are not carried',
  id: 'neither an envelope nor a canary',
  canary: 'not the fields of a canary',
  revision: 'not the one revision of an envelope',
  fields: 'not the fields of an envelope',
} as const;
export type MeshRefusal = (typeof REFUSALS)[keyof typeof REFUSALS];

const CANARY_ID = '^canary:[a-z0-9-]{1,64}:[0-9]{1,16}-[0-9]{1,9}$';
const canaryId = new RegExp(CANARY_ID);

const canaryFields = z.strictObject({ at: z.int(), confirmed: z.optional(z.int()) });

const mailFields = z.strictObject({ ...envelopeFields, v: z.optional(z.literal(1)) });

const firstRevision = z.object({ start: z.literal(1), ids: z.tuple([z.string()]) });

/** A document as it is to be written, by its JSON. */
type Written = Readonly<Record<string, unknown>> & { readonly _id: string };

/**
 * Why somebody with these roles may not write a document into a bucket, or null when they may. `replaces`: the write makes a
 * new revision after one that is there (`_rev` is the old one), as an edit does and replication does not.
 */
export const refusalInBucket = (
  document: Written,
  replaces: boolean,
  roles: readonly string[],
): MeshRefusal | null => {
  if (roles.includes(READER_ROLE)) return REFUSALS.reader;
  if (!roles.includes(MESH_ROLE)) return null;
  const { _id, _rev, _revisions, _deleted, _attachments, ...fields } = document;
  if (_deleted !== undefined && _deleted !== false) return REFUSALS.deletion;
  if (_attachments !== undefined && !isEmpty(_attachments)) return REFUSALS.attachment;
  if (canaryId.test(_id)) return canaryFields.safeParse(fields).success ? null : REFUSALS.canary;
  const parsed = parseDocumentId(_id);
  if (parsed === null) return REFUSALS.id;
  if (replaces || _rev !== envelopeRevision(_id)) return REFUSALS.revision;
  if (_revisions !== undefined) {
    const history = firstRevision.safeParse(_revisions);
    if (!history.success || `1-${history.data.ids[0]}` !== _rev) return REFUSALS.revision;
  }
  const envelope = mailFields.safeParse(fields);
  if (!envelope.success) return REFUSALS.fields;
  const { sentAt, expiresAt } = envelope.data;
  return sentAt === messageTime(parsed.messageId) && expiresAt > sentAt ? null : REFUSALS.fields;
};

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const UUID_V7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

/**
 * {@link refusalInBucket} in ECMAScript 5.1, the language of CouchDB's engines, with SHA-256 (FIPS 180-4) of ASCII text, which the id
 * is when it is hashed. It is compared byte by byte with what is in the databases: a changed one has to be written there again.
 */
const bucketText = `function (written, previous, user) {
  function refuse(reason) {
    throw { forbidden: reason };
  }
  if (user.roles.indexOf('${READER_ROLE}') !== -1) refuse('${REFUSALS.reader}');
  if (user.roles.indexOf('${MESH_ROLE}') === -1) return;

  function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
  function isSafeInteger(value) {
    return typeof value === 'number' && value % 1 === 0 && Math.abs(value) <= 9007199254740991;
  }
  function isText(value, pattern) {
    return typeof value === 'string' && pattern.test(value);
  }
  function isDevice(value) {
    return isSafeInteger(value) && value >= 1 && value <= ${LIMITS.deviceId};
  }
  function hasOnly(fields) {
    return Object.keys(written).every(function (name) {
      return ['_id', '_rev', '_revisions', '_deleted', '_attachments'].concat(fields).indexOf(name) !== -1;
    });
  }
  function sha256(text) {
    var k = [
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
    ];
    var hash = [
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    ];
    var words = [];
    var w = [];
    var end = (((text.length + 8) >> 6) << 4) + 16;
    var i, block, s, t, t1, t2, state;
    function rotate(word, bits) {
      return (word >>> bits) | (word << (32 - bits));
    }
    for (i = 0; i < end; i += 1) words[i] = 0;
    for (i = 0; i < text.length; i += 1) words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
    words[i >> 2] |= 0x80 << (24 - 8 * (i & 3));
    words[end - 1] = 8 * text.length;
    for (block = 0; block < end; block += 16) {
      state = hash.slice();
      for (t = 0; t < 64; t += 1) {
        if (t < 16) {
          w[t] = words[block + t];
        } else {
          s = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >>> 3);
          t1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >>> 10);
          w[t] = (w[t - 16] + s + w[t - 7] + t1) | 0;
        }
        s = rotate(state[4], 6) ^ rotate(state[4], 11) ^ rotate(state[4], 25);
        t1 = (state[7] + s + ((state[4] & state[5]) ^ (~state[4] & state[6])) + k[t] + w[t]) | 0;
        s = rotate(state[0], 2) ^ rotate(state[0], 13) ^ rotate(state[0], 22);
        t2 = (s + ((state[0] & state[1]) ^ (state[0] & state[2]) ^ (state[1] & state[2]))) | 0;
        state = [(t1 + t2) | 0, state[0], state[1], state[2], (state[3] + t1) | 0, state[4], state[5], state[6]];
      }
      for (i = 0; i < 8; i += 1) hash[i] = (hash[i] + state[i]) | 0;
    }
    return hash
      .map(function (word) {
        return ('0000000' + (word >>> 0).toString(16)).slice(-8);
      })
      .join('');
  }

  var id = written._id;
  var history = written._revisions;
  if (written._deleted !== undefined && written._deleted !== false) refuse('${REFUSALS.deletion}');
  if (
    written._attachments !== undefined &&
    (!isObject(written._attachments) || Object.keys(written._attachments).length > 0)
  )
    refuse('${REFUSALS.attachment}');

  if (/${CANARY_ID}/.test(id)) {
    if (
      !hasOnly(['at', 'confirmed']) ||
      !isSafeInteger(written.at) ||
      (written.confirmed !== undefined && !isSafeInteger(written.confirmed))
    )
      refuse('${REFUSALS.canary}');
    return;
  }

  if (!/^${UUID}:[1-9][0-9]{0,2}:${UUID_V7}$/.test(id) || !isDevice(Number(id.split(':')[1])))
    refuse('${REFUSALS.id}');
  if (
    previous ||
    written._rev !== '1-' + sha256('restante revision 1\\n' + id).slice(0, 32) ||
    (history !== undefined &&
      (!isObject(history) ||
        history.start !== 1 ||
        !Array.isArray(history.ids) ||
        history.ids.length !== 1 ||
        typeof history.ids[0] !== 'string' ||
        '1-' + history.ids[0] !== written._rev))
  )
    refuse('${REFUSALS.revision}');

  var message = id.split(':')[2];
  if (
    !hasOnly(['senderId', 'senderDeviceId', 'sentAt', 'expiresAt', 'type', 'payload', 'v']) ||
    !isText(written.senderId, /^${UUID}$/) ||
    !isDevice(written.senderDeviceId) ||
    written.sentAt !== parseInt(message.slice(0, 8) + message.slice(9, 13), 16) ||
    !isSafeInteger(written.expiresAt) ||
    written.expiresAt <= written.sentAt ||
    ${JSON.stringify(envelopeType.options).replaceAll('"', "'").replaceAll(',', ', ')}.indexOf(written.type) === -1 ||
    !isText(written.payload, /^[A-Za-z0-9+/]*={0,2}$/) ||
    written.payload.length < 4 ||
    written.payload.length > ${LIMITS.payloadBytes} ||
    written.payload.length % 4 !== 0 ||
    (written.v !== undefined && written.v !== 1)
  )
    refuse('${REFUSALS.fields}');
}`;

/** The rule of a bucket, as it is stored there. */
export const BUCKET_RULE = {
  _id: '_design/restante-mesh',
  language: 'javascript',
  validate_doc_update: bucketText,
} as const;
