import * as z from 'zod/mini';
import { blobBytes, blobId } from '../blob.ts';
import { timestamp } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** `POST /api/blobs` */
export const newBlob = z.strictObject({ bytes: blobBytes });
export type NewBlob = z.infer<typeof newBlob>;

/** The right to write or to read a blob, and where: each node takes all of it and has all of it. */
export const blobTicket = z.object({
  id: blobId,
  ticket: z.string(),
  ticketExpiresAt: timestamp,
  /** Addresses of mailbox nodes, as in a session. Those of another cell come after those of the one that it should be in. */
  nodes: z.array(z.string()).check(z.minLength(1), z.maxLength(LIMITS.blobNodes)),
  /**
   * Origin of the object store where nodes tell places, at which a client puts and gets parts itself: it goes to no other origin, whatever a node
   * tells. Nodes take and give parts in any case. Absent: they tell no places.
   */
  placesAt: z.optional(z.string()),
});
export type BlobTicket = z.infer<typeof blobTicket>;

/** `PUT /blobs/:blobId/:part`: how many nodes have it on their disks. */
export const partStored = z.object({ copies: z.int().check(z.positive()) });
export type PartStored = z.infer<typeof partStored>;

const part = z.int().check(z.minimum(0), z.maximum(LIMITS.blobParts - 1));

/** `GET /blobs/:blobId`: the parts that this node has, in order: of each run of them the first and the last one. */
export const blobParts = z.object({
  parts: z.array(z.object({ from: part, to: part })).check(z.maxLength(LIMITS.blobParts)),
});
export type BlobParts = z.infer<typeof blobParts>;

/** `POST /blobs/:blobId/:part`: where a client puts the part itself, with a ticket to write, or gets it, for some minutes. */
export const partPlace = z.object({
  url: z.string(),
  /** To be sent as they are. */
  headers: z.record(z.string(), z.string()),
});
export type PartPlace = z.infer<typeof partPlace>;
