import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  documentId,
  envelopeDocument,
  envelopeRevision,
  mailboxRange,
  mintMessageId,
  parseDocumentId,
  storedEnvelope,
  tombstoneDocument,
  tombstoneRevision,
} from './index.ts';

const mailbox = fc.record({
  accountId: fc.uuid({ version: 4 }),
  deviceId: fc.integer({ min: 1, max: 127 }),
});
const message = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([time, bytes]) => mintMessageId(time, bytes));

describe('documents', () => {
  it('have an id that names mailbox and message, and nothing else parses as one', () => {
    fc.assert(
      fc.property(mailbox, message, (box, id) => {
        expect(parseDocumentId(documentId(box, id))).toEqual({ mailbox: box, messageId: id });
      }),
    );
    const good = documentId(
      { accountId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8', deviceId: 7 },
      '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
    );
    for (const bad of [
      '',
      'canary:node1:1',
      `${good}:1`,
      good.replace(':7:', ':07:'),
      good.replace(':7:', ':0:'),
      good.replace(':7:', ':128:'),
      good.replace(':7:', ':7.0:'),
      good.toUpperCase(),
      good.replace('7cc3', '4cc3'),
      `_design/${good}`,
    ]) {
      expect(parseDocumentId(bad)).toBeNull();
    }
  });

  it('of one mailbox lie in its range, those of any other do not', () => {
    fc.assert(
      fc.property(mailbox, mailbox, message, (mine, other, id) => {
        const { start, end } = mailboxRange(mine);
        const inside = (key: string): boolean => start <= key && key < end;
        expect(inside(documentId(mine, id))).toBe(true);
        fc.pre(mine.accountId !== other.accountId || mine.deviceId !== other.deviceId);
        expect(inside(documentId(other, id))).toBe(false);
        for (const deviceId of [1, 12, 120, 127]) {
          if (deviceId === mine.deviceId) continue;
          expect(inside(documentId({ ...mine, deviceId }, id))).toBe(false);
        }
      }),
    );
  });

  it('have revisions from the id alone, the tombstone descending from the envelope', () => {
    fc.assert(
      fc.property(mailbox, message, fc.base64String({ minLength: 8, maxLength: 64 }), (box, id, payload) => {
        const doc = envelopeDocument({
          ...box,
          id,
          senderId: box.accountId,
          senderDeviceId: 1,
          expiresAt: 1,
          type: 'message',
          payload,
        });
        const tombstone = tombstoneDocument(documentId(box, id));
        expect(doc._rev).toBe(envelopeRevision(doc._id));
        expect(doc._rev).toMatch(/^1-[0-9a-f]{32}$/);
        expect(tombstone._rev).toBe(tombstoneRevision(doc._id));
        expect(tombstone._rev).toMatch(/^2-[0-9a-f]{32}$/);
        expect(tombstone._revisions).toEqual({ start: 2, ids: [tombstone._rev.slice(2), doc._rev.slice(2)] });
        expect(Object.keys(tombstone).sort()).toEqual(['_deleted', '_id', '_rev', '_revisions']);
      }),
    );
  });

  it('differ in revision between any two ids', () => {
    fc.assert(
      fc.property(mailbox, message, message, (box, a, b) => {
        fc.pre(a !== b);
        expect(envelopeRevision(documentId(box, a))).not.toBe(envelopeRevision(documentId(box, b)));
      }),
    );
  });

  it('carry nothing that the schema of an envelope does not allow', () => {
    const given = {
      accountId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
      deviceId: 1,
      id: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
      senderId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
      senderDeviceId: 2,
      expiresAt: 5,
      type: 'message',
      payload: 'AAAA',
      _deleted: true,
    };
    expect(storedEnvelope.safeParse(given).success).toBe(false);
  });
});
