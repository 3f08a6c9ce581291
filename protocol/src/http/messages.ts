import * as z from 'zod/mini';
import { envelope, storedEnvelope } from '../envelope.ts';
import { heardErrorCode } from '../errors.ts';
import { messageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** `POST /messages`, master only. */
export const storeRequest = z.strictObject({
  envelopes: z.array(storedEnvelope).check(z.minLength(1), z.maxLength(LIMITS.envelopesPerStore)),
});
export type StoreRequest = z.infer<typeof storeRequest>;

/** One result per envelope, in the order of the request. `stored` means on this node's disk. */
export const storeResult = z.union([
  z.object({ status: z.literal('stored') }),
  z.object({ status: z.literal('refused'), code: heardErrorCode }),
]);
export type StoreResult = z.infer<typeof storeResult>;

export const storeResponse = z.object({ results: z.array(storeResult) });
export type StoreResponse = z.infer<typeof storeResponse>;

/** `GET /messages/:accountId?device=&limit=&after=`, owner only: a page in id order. */
export const mailboxPage = z.object({
  messages: z.array(envelope),
  /**
   * Nothing else waits on this node. Otherwise ask again with `after` = `next`; without a `next` the node is being filled
   * by the others, and has no more by now.
   */
  complete: z.boolean(),
  next: z.nullable(messageId),
  /** Messages in the range of this page that expired unread. */
  expired: z.int().check(z.nonnegative()),
});
export type MailboxPage = z.infer<typeof mailboxPage>;

/** The same as its reader takes it: an envelope that breaks the protocol is null, and harms no other (law 16). */
export const heardMailboxPage = z.extend(mailboxPage, {
  messages: z.array(z.catch(z.nullable(envelope), null)),
});

/** `GET /messages/:accountId/ids?device=&limit=&after=`, owner only: the same without the envelopes, so that they need not come from every node. */
export const mailboxIds = z.extend(z.omit(mailboxPage, { messages: true }), { ids: z.array(messageId) });
export type MailboxIds = z.infer<typeof mailboxIds>;

/** The same as its reader takes it: what is no id is null. */
export const heardMailboxIds = z.extend(mailboxIds, {
  ids: z.array(z.catch(z.nullable(messageId), null)),
});

/** `POST /messages/delete`, owner only. An id that is not there counts as deleted. */
export const deleteRequest = z.strictObject({
  ids: z.array(messageId).check(z.minLength(1), z.maxLength(LIMITS.idsPerAcknowledge)),
});
export type DeleteRequest = z.infer<typeof deleteRequest>;

/** `deleted`: how many of them were there. */
export const deleteResponse = z.object({ deleted: z.int().check(z.nonnegative()) });
export type DeleteResponse = z.infer<typeof deleteResponse>;

/** One event of `GET /messages/:accountId/events?device=` (server-sent events, event name `envelope`). */
export const mailboxEvent = envelope;
