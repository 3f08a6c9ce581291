import { documentId, envelopeRevision, tombstoneRevision } from '@restante/protocol';
import { newEnvelope, newMailbox } from '@restante/testkit';
import { expect, test } from 'vitest';
import { createLedgerBook } from './ledger-book.ts';

const idOf = (envelope: ReturnType<typeof newEnvelope>): string => documentId(envelope, envelope.id);
const came = (id: string) => ({ id, deleted: false, changes: [{ rev: envelopeRevision(id) }] });
const went = (id: string) => ({ id, deleted: true, changes: [{ rev: tombstoneRevision(id) }] });

test('a tombstone that is told of again is no deletion, as far as the engine has less of them', () => {
  const mailbox = newMailbox();
  const [known, unknown] = [idOf(newEnvelope(mailbox)), idOf(newEnvelope(mailbox))];
  const book = createLedgerBook({ startMs: 0, spanMs: 2 ** 42 });
  for (const change of [came(known), went(known), went(unknown), went(unknown)]) book.apply(change);
  expect(book.counts()).toMatchObject({ deleted: 3, unsure: 2 });
  // Two tombstones stand there.
  book.settle(1);
  expect(book.counts()).toMatchObject({ deleted: 2, unsure: 0 });
  expect(book.accepted()).toBe(2);
  // What is certain is no repetition: a tombstone is gone.
  book.settle(1);
  expect(book.counts().deleted).toBe(2);

  book.apply(went(known));
  const again = book.readAgain(true);
  for (const change of [went(known), went(unknown)]) again.apply(change);
  again.end();
  expect(book.counts()).toMatchObject({ deleted: 2, unsure: 0 });
});
