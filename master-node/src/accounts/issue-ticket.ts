import { randomBytes } from 'node:crypto';
import { LIMITS, mintBlobId, UPLOAD_MS, type BlobId, type BlobTicket } from '@restante/protocol';
import type { TokenSigner } from '@restante/service-kit';
import { cellsByBlob, type Cell, type Placement } from '../mailboxes/cell.ts';

/** Tickets for blobs (docs/protocol.md). They name a blob and nobody: nodes are not told who stores or reads it. */
export type IssueTicket = {
  /** For a new blob of so many bytes. */
  readonly toWrite: (bytes: number) => Promise<BlobTicket>;
  readonly toRead: (blob: BlobId) => Promise<BlobTicket>;
};

const READ_MS = 60 * 60 * 1000;

export const createIssueTicket = (
  signer: TokenSigner,
  { cells, joining }: Placement<Cell>,
  now: () => number,
  /** Origin of the object store in which nodes tell places; null: they tell none. */
  placesAt: string | null = null,
): IssueTicket => {
  const issue = async (
    blob: BlobId,
    bytes: number | null,
    ticketExpiresAt: number,
    at: readonly Cell[],
  ): Promise<BlobTicket> => ({
    id: blob,
    ticket: await signer.blob({ blob, bytes }, ticketExpiresAt),
    ticketExpiresAt,
    nodes: at.flatMap(({ nodes }) => nodes.map(({ publicUrl }) => publicUrl)).slice(0, LIMITS.blobNodes),
    ...(placesAt !== null && { placesAt }),
  });
  return {
    toWrite: (bytes) => {
      const nowMs = now();
      const blob = mintBlobId(nowMs, randomBytes(10));
      // While a cell is being added it may still be given up: nothing is in it alone.
      const cell = cellsByBlob(blob, cells).find(({ name }) => name !== joining) ?? cells[0];
      return issue(blob, bytes, nowMs + UPLOAD_MS, [cell]);
    },
    toRead: (blob) => issue(blob, null, now() + READ_MS, cellsByBlob(blob, cells)),
  };
};
