import { blobBytesFor, bytesOfPart, partsOf, PLAIN_PART_BYTES } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { BlobApi } from '../server/blob-api.ts';
import { createBlobCipher } from './blob-cipher.ts';
import { blobDigest, partDigest } from './blob-digest.ts';
import { createBlobNodes, type Ticket } from './blob-nodes.ts';
import type { BlobReference } from './upload-blob.ts';

/** A blob that is read from whichever node has it. */
export type BlobReader = {
  /**
   * What is in the blob from `from` up to, and without, `to`, in pieces: each part is what its sender has encrypted for this place.
   *
   * @throws MessengerError `not-found` when no node has it, `blob-altered` when all give something else, `unreachable`
   */
  readonly range: (from: number, to: number) => AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /**
   * What is in the blob from `from` to the end of the part that this lies in; nothing at the blob's end and behind it. Only that part is
   * fetched, once for all who ask for it at a time.
   *
   * @throws MessengerError the same; and `blob-altered` with the piece by which all parts have been given, when they are not the blob that was sent
   */
  readonly piece: (from: number) => Promise<Uint8Array<ArrayBuffer>>;
  /**
   * All of it, in pieces.
   *
   * @throws MessengerError the same; and, after the last piece, `blob-altered` when it is not the blob that was sent: nothing of it is to be kept
   */
  readonly whole: () => AsyncGenerator<Uint8Array<ArrayBuffer>>;
};

const areEqual = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);

/** Parts of a blob that a device keeps, as they came. */
export type KeptParts = {
  readonly get: (part: number) => Promise<Uint8Array<ArrayBuffer> | null>;
  readonly put: (part: number, sealed: Uint8Array<ArrayBuffer>) => Promise<void>;
};

type Access = { readonly ticket: Ticket; readonly nodes: ReturnType<typeof createBlobNodes> };

/**
 * `askTicket`: for a ticket to read it, and for another one when that has expired; nobody is asked while all that is wanted is kept. `kept`: what
 * is read is looked for there first, and kept there.
 */
export const readBlob = async (
  api: BlobApi,
  { id: blob, key, digest, size }: BlobReference,
  askTicket: () => Promise<Ticket>,
  kept?: KeptParts,
): Promise<BlobReader> => {
  let access: Promise<Access> | null = null;
  const forget = (asked: Promise<Access>): void => {
    if (access === asked) access = null;
  };
  const ask = (): Promise<Access> => {
    const asked = askTicket().then((ticket) => ({ ticket, nodes: createBlobNodes(ticket.nodes) }));
    asked.catch(() => forget(asked));
    return asked;
  };
  const bytes = blobBytesFor(size);
  const parts = partsOf(bytes);
  const cipher = await createBlobCipher(key);

  type Part = { readonly plain: Uint8Array<ArrayBuffer>; readonly digest: Uint8Array };
  const opened = async (part: number, sealed: Uint8Array<ArrayBuffer>): Promise<Part | null> => {
    if (sealed.length !== bytesOfPart(bytes, part)) return null;
    const plain = await cipher.open(part, part === parts - 1, sealed);
    return plain && { plain, digest: await partDigest(sealed) };
  };
  const askNodes = ({ ticket, nodes }: Access, part: number, signal: AbortSignal): Promise<Part> =>
    nodes.any(async (node) => {
      const sealed = await api.get(
        { node, blob, ticket: ticket.ticket, placesAt: ticket.placesAt ?? null },
        part,
        signal,
      );
      const found = await opened(part, sealed);
      if (found === null) throw new MessengerError('blob-altered', 'a node gives another part than was sent');
      await kept?.put(part, sealed);
      return found;
    });

  const fetchPart = async (part: number, signal: AbortSignal): Promise<Part> => {
    const here = await kept?.get(part);
    const found = here ? await opened(part, here) : null;
    if (found !== null) return found;
    const asked = (access ??= ask());
    try {
      return await askNodes(await asked, part, signal);
    } catch (error) {
      if (!(error instanceof MessengerError) || error.code !== 'token-expired') throw error;
      forget(asked);
      return askNodes(await (access ??= ask()), part, signal);
    }
  };

  /** Parts in their order; the next one is fetched while one is used. */
  async function* partsFrom(first: number, last: number): AsyncGenerator<Part & { readonly part: number }> {
    const over = new AbortController();
    const fetch = (part: number): Promise<Part> => fetchPart(part, over.signal);
    let ahead: Promise<Part> | null = null;
    try {
      for (let part = first; part <= last; part += 1) {
        const current: Part = await (ahead ?? fetch(part));
        ahead = part < last ? fetch(part + 1) : null;
        ahead?.catch(() => undefined);
        yield { part, ...current };
      }
    } finally {
      over.abort();
    }
  }

  const pieceOf = ({ part, plain }: Part & { readonly part: number }, from: number, to: number) =>
    plain.subarray(Math.max(0, from - part * PLAIN_PART_BYTES), Math.max(0, to - part * PLAIN_PART_BYTES));

  const checkDigest = async (digests: readonly Uint8Array[]): Promise<void> => {
    if (!areEqual(await blobDigest(digests), digest))
      throw new MessengerError('blob-altered', 'this is not the blob that was sent');
  };

  const underWay = new Map<number, Promise<Part>>();
  const fetchOnce = (part: number): Promise<Part> => {
    const fetching =
      underWay.get(part) ??
      fetchPart(part, new AbortController().signal).finally(() => underWay.delete(part));
    underWay.set(part, fetching);
    return fetching;
  };
  const digestsOfPieces = new Map<number, Uint8Array>();

  return {
    range: async function* (from, to) {
      const end = Math.min(to, size);
      if (end <= from) return;
      const [first, last] = [Math.floor(from / PLAIN_PART_BYTES), Math.floor((end - 1) / PLAIN_PART_BYTES)];
      for await (const each of partsFrom(first, last)) yield pieceOf(each, from, end);
    },
    piece: async (from) => {
      if (from >= size) return new Uint8Array(0);
      const part = Math.floor(from / PLAIN_PART_BYTES);
      const found = await fetchOnce(part);
      digestsOfPieces.set(part, found.digest);
      if (digestsOfPieces.size === parts) {
        const inOrder = [...digestsOfPieces].sort(([one], [other]) => one - other);
        await checkDigest(inOrder.map(([, each]) => each));
      }
      return pieceOf({ part, ...found }, from, size);
    },
    whole: async function* () {
      const digests: Uint8Array[] = [];
      for await (const each of partsFrom(0, parts - 1)) {
        digests.push(each.digest);
        const piece = pieceOf(each, 0, size);
        if (piece.length > 0) yield piece;
      }
      await checkDigest(digests);
    },
  };
};
