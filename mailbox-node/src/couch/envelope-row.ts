import {
  envelopeRevision,
  envelopeFields,
  messageTime,
  parseDocumentId,
  type Envelope,
} from '@restante/protocol';
import { z } from 'zod';
import { isCanary } from './canary.ts';

/**
 * Whether what lies in a bucket is what a node writes there (law 16). Anybody with a CouchDB's credentials can put another
 * document beside the envelopes, and a disk can lose half of one: such a document is given to nobody, and harms no other.
 */

/** The rule that release 0.2.0 kept in each bucket. */
export const FORMER_RULE = '_design/restante-mesh';

/** What a document of a bucket is not: an envelope's id of the bucket's time, an envelope's one revision, an envelope's fields. */
export const DOCUMENT_FAULTS = ['foreign-id', 'foreign-revision', 'bad-fields'] as const;
export type DocumentFault = (typeof DOCUMENT_FAULTS)[number];

/**
 * What is wrong with a live document of a bucket as far as its id and revision tell, or null. In a bucket that is not of its time an
 * envelope would outlive its deletion, which its owner sends to the right one.
 */
export const faultOfRow = (
  id: string,
  rev: string,
  isOfTime: (messageTimeMs: number) => boolean,
): Exclude<DocumentFault, 'bad-fields'> | null => {
  if (isCanary(id) || id === FORMER_RULE) return null;
  const parsed = parseDocumentId(id);
  if (parsed === null || !isOfTime(messageTime(parsed.messageId))) return 'foreign-id';
  return rev === envelopeRevision(id) ? null : 'foreign-revision';
};

/** A document of another form is left to who knows it. */
const knownForm = z.object({ v: z.literal(1).optional() });

/** Fields of an envelope's document. What a later release adds does no harm. */
const stored = z.object(envelopeFields);

/** The envelope in an envelope's document, as its recipient gets it; null when it is none. */
export const readEnvelope = (id: string, document: unknown): Envelope | null => {
  if (!knownForm.safeParse(document).success) return null;
  const parsed = parseDocumentId(id);
  const read = stored.safeParse(document);
  if (parsed === null || !read.success || read.data.sentAt !== messageTime(parsed.messageId)) return null;
  return { id: parsed.messageId, ...read.data };
};
