import { documentId, envelopeDocument } from '@restante/protocol';
import { newEnvelope, newMailbox } from '@restante/testkit';
import { expect, test } from 'vitest';
import { readEnvelope } from './envelope-row.ts';

test('an envelope is read in the forms that are known, without what a later release has added', () => {
  const mailbox = newMailbox();
  const stored = newEnvelope(mailbox);
  const id = documentId(mailbox, stored.id);
  const document = envelopeDocument(stored);
  const { senderId, senderDeviceId, expiresAt, type, payload } = stored;
  const envelope = {
    ...{ id: stored.id, sentAt: document.sentAt, expiresAt, type, payload },
    ...{ senderId, senderDeviceId },
  };
  expect(readEnvelope(id, document)).toEqual(envelope);
  expect(readEnvelope(id, { ...document, added: true })).toEqual(envelope);
  expect(readEnvelope(id, { ...document, v: 2 })).toBeNull();
});
