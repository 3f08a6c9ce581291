import { blobBytesFor, partsOf, type BlobId } from '@restante/protocol';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import type { BlobApi } from '../server/blob-api.ts';
import { blobDigest, partDigest } from './blob-digest.ts';
import { createBlobNodes, type Ticket } from './blob-nodes.ts';
import { sealedContent, type BlobContent, type SealedParts } from './sealed-parts.ts';

/** All that is needed to read a blob. */
export type BlobReference = {
  readonly id: BlobId;
  readonly key: Uint8Array<ArrayBuffer>;
  readonly digest: Uint8Array<ArrayBuffer>;
  /** Bytes of what is in it. */
  readonly size: number;
};

export type UploadOptions = {
  readonly api: BlobApi;
  /** To write as many bytes as `blobBytesFor` says of the content. The same one goes on with what was begun. */
  readonly ticket: Ticket;
  readonly backoff: Backoff;
  /** How often each part is tried at all nodes; left out: as long as it takes. */
  readonly rounds?: number;
  /** Told of what has been stored, in bytes of the blob. */
  readonly onProgress?: (storedBytes: number, bytes: number) => void;
  /** A node has taken a part. */
  readonly onTaken?: () => void;
  readonly signal: AbortSignal;
};

/** Parts under way at a time, and in memory. */
const AT_ONCE = 3;
/** Copies with which a part need not be sent again. */
const ENOUGH_COPIES = 2;

/** How often each part was found at the nodes. A node that does not say has none. */
const foundAt = async (
  { api, signal }: Pick<UploadOptions, 'api' | 'signal'>,
  { id: blob, ticket, nodes, placesAt }: Ticket,
): Promise<ReadonlyMap<number, number>> => {
  const found = await Promise.all(
    nodes.map((node) =>
      api
        .parts({ node, blob, ticket, placesAt: placesAt ?? null }, signal)
        .catch((): ReadonlySet<number> => new Set()),
    ),
  );
  const copies = new Map<number, number>();
  for (const parts of found) for (const part of parts) copies.set(part, (copies.get(part) ?? 0) + 1);
  return copies;
};

/**
 * Stores what the nodes do not have yet of a blob, and waits for nodes that are away for so many `rounds`. Never more than a few parts are
 * in memory.
 *
 * @throws MessengerError `token-expired` when the ticket is over, `content-changed`, what nodes refuse for good; AbortError by the signal
 */
export const uploadParts = async (
  sealed: SealedParts,
  options: UploadOptions,
): Promise<Pick<BlobReference, 'id' | 'digest'>> => {
  const { api, ticket, backoff, rounds = Infinity, onProgress, onTaken } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const bytes = blobBytesFor(sealed.size);
  const parts = partsOf(bytes);
  const nodes = createBlobNodes(ticket.nodes);
  const copies = await foundAt({ api, signal }, ticket);
  options.signal.throwIfAborted();
  const digests: Uint8Array[] = [];
  let storedBytes = 0;

  const put = async (part: number, data: Uint8Array<ArrayBuffer>): Promise<void> => {
    for (let round = 1; ; round += 1) {
      signal.throwIfAborted();
      try {
        await nodes.any((node) =>
          api.put(
            { node, blob: ticket.id, ticket: ticket.ticket, placesAt: ticket.placesAt ?? null },
            part,
            data,
            signal,
          ),
        );
        onTaken?.();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof MessengerError) || !error.retry || error.code === 'token-expired') throw error;
        if (round >= rounds) throw error;
        await pause(error.body?.retryAfterMs ?? backoffDelayMs(backoff, round, Math.random()), signal);
      }
    }
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < parts) {
      const part = next;
      next += 1;
      signal.throwIfAborted();
      const data = await sealed.part(part);
      digests[part] = await partDigest(data);
      if ((copies.get(part) ?? 0) < Math.min(ENOUGH_COPIES, ticket.nodes.length)) await put(part, data);
      storedBytes += data.length;
      onProgress?.(storedBytes, bytes);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  } finally {
    // One that has failed ends the others.
    over.abort();
  }
  return { id: ticket.id, digest: await blobDigest(digests) };
};

/** The same of a content. `key`: 32 bytes that were drawn for it. */
export const uploadBlob = async ({
  content,
  key,
  ...options
}: UploadOptions & {
  readonly content: BlobContent;
  readonly key: Uint8Array<ArrayBuffer>;
}): Promise<BlobReference> => ({
  ...(await uploadParts(await sealedContent(content, key), options)),
  ...{ key, size: content.size },
});
