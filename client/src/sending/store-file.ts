import { blobBytesFor, messageTime } from '@restante/protocol';
import { uploadParts, type BlobReference, type UploadOptions } from '../blobs/upload-blob.ts';
import { keptSealed } from '../files/kept-files.ts';
import type { PartStore } from '../files/part-store.ts';
import type { MessengerError } from '../messenger-error.ts';
import type { BlobApi } from '../server/blob-api.ts';
import type { ServerClock } from '../server/clock.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Failure, MessageFile, Upload } from '../vault/tables.ts';

/** What one file is stored by. */
export type FileTicket = Upload['tickets'][number];

export type StoringDeps = {
  readonly clock: Pick<ServerClock, 'now'>;
  readonly api: Pick<MasterApi, 'newBlob'>;
  readonly blobs: BlobApi;
  readonly parts: PartStore;
  readonly backoff: UploadOptions['backoff'];
};

export type StoringOptions = Pick<UploadOptions, 'signal' | 'onTaken'> & {
  /** With which it was begun. */
  readonly ticket: FileTicket | undefined;
  /** Keeps another one; false when the file is not wanted any more. */
  readonly keepTicket: (ticket: FileTicket) => Promise<boolean>;
  /** Bytes of the blob that are stored; 0 when it begins. */
  readonly onProgress?: (storedBytes: number) => void;
};

/** So long is a ticket gone on with: it is good for a day, and names the nodes of that time. */
const TICKET_MS = 20 * 60 * 60 * 1000;
/** A part is tried so often at all nodes before it is told that the file waits. */
const ROUNDS = 3;

/**
 * What ends the storing of a file for good: it is not here any more, or is another one, or is larger than may be. That somebody or something
 * was not found ends nothing.
 */
export const storingFailure = ({ code }: MessengerError): Failure | null => {
  if (code === 'file-lost' || code === 'content-changed') return 'file-lost';
  return code === 'payload-too-large' ? code : null;
};

/** A ticket that no node takes: there is to be another one. */
export const isTicketOver = ({ code }: MessengerError): boolean =>
  code === 'token-expired' || code === 'unauthorized';

/** Stores a file that is kept on this device. Null when it is not wanted any more. */
export const storeFile = async (
  { clock, api, blobs, parts, backoff }: StoringDeps,
  file: MessageFile,
  { ticket: known, keepTicket, onProgress, ...options }: StoringOptions,
): Promise<Pick<BlobReference, 'id' | 'digest'> | null> => {
  const isGood = known !== undefined && clock.now() - messageTime(known.id) < TICKET_MS;
  const { id, ticket, nodes, placesAt } = isGood ? known : await api.newBlob(blobBytesFor(file.size));
  const kept = { id, ticket, nodes, ...(placesAt !== undefined && { placesAt }) };
  if (!isGood && !(await keepTicket(kept))) return null;
  onProgress?.(0);
  return uploadParts(await keptSealed(parts, file), {
    ...{ ...options, api: blobs, ticket: kept, backoff, rounds: ROUNDS },
    ...(onProgress && { onProgress: (stored: number) => onProgress(stored) }),
  });
};
