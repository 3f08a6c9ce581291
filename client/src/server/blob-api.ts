import { LIMITS, type BlobId, type PartPlace } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import { chunksOf } from './chunks.ts';
import type { Fetch, Http } from './http.ts';

/** A blob at one node, and the right to it. */
export type BlobAccess = {
  /** Base URL of the node. */
  readonly node: string;
  readonly blob: BlobId;
  readonly ticket: string;
  /** Whether the node tells places in an object store. Where one cannot be reached, the part goes by the node. */
  readonly places: boolean;
};

/** Calls to a mailbox node by whoever has a ticket. Each throws a `MessengerError`. */
export type BlobApi = {
  /** Which parts the node has. */
  readonly parts: (access: BlobAccess, signal: AbortSignal) => Promise<ReadonlySet<number>>;
  /** Resolves with how many nodes have the part on their disks. */
  readonly put: (
    access: BlobAccess,
    part: number,
    data: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ) => Promise<number>;
  /** A part as the node gives it. `not-found`: it does not have it. */
  readonly get: (access: BlobAccess, part: number, signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;
};

/** An object store keeps as many as are enough by itself. */
const COPIES_OF_STORE = 2;
/** For a part over a slow line: 20 kB/s. */
const PART_TIMEOUT_MS = 60_000;
/** Without a byte of a part: another node is asked then, which a slow line that goes on carrying is no reason for. */
const QUIET_MS = 10_000;

/** Aborted by `signal`, and when `beat` has not been called for so long. */
const watchBeats = (signal: AbortSignal, quietMs: number) => {
  const quiet = new AbortController();
  const giveUp = (): void => quiet.abort();
  let timer = setTimeout(giveUp, quietMs);
  return {
    signal: AbortSignal.any([signal, quiet.signal]),
    beat: (): void => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, quietMs);
    },
    end: (): void => clearTimeout(timer),
  };
};

const runOf = ({ from, to }: { readonly from: number; readonly to: number }): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

/** @throws MessengerError `bad-answer` when there is more than a part */
const readPart = async (response: Response, onChunk: () => void): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(response.body)) {
    onChunk();
    bytes += chunk.length;
    if (bytes > LIMITS.blobPartBytes) throw new MessengerError('bad-answer', 'the answer is too large');
    chunks.push(chunk);
  }
  const part = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    part.set(chunk, at);
    at += chunk.length;
  }
  return part;
};

/** What a place answers to a part that it has already. */
const IS_THERE = 412;

/**
 * `fetch`: to places. `quietMs`: how long a node, or a place, may give nothing of a part that is read.
 */
export const blobApi = (http: Http, fetch: Fetch, quietMs = QUIET_MS): BlobApi => {
  const patient = (signal: AbortSignal): AbortSignal =>
    AbortSignal.any([signal, AbortSignal.timeout(PART_TIMEOUT_MS)]);
  const at = ({ node, blob, ticket }: BlobAccess, path: string) => ({
    ...{ server: node, path: `/blobs/${blob}${path}`, token: ticket },
  });
  /** Null: there is none. */
  const placeOf = async (
    access: BlobAccess,
    part: number,
    signal: AbortSignal,
  ): Promise<PartPlace | null> => {
    if (!access.places) return null;
    try {
      return await http.ask('partPlace', { ...at(access, `/${part}`), method: 'POST', signal });
    } catch (error) {
      if (error instanceof MessengerError && error.code === 'not-found') return null;
      throw error;
    }
  };

  /** Null: the place is not to be reached from here, or says no, and the node is asked itself. */
  const visit = async (
    place: PartPlace | null,
    init: RequestInit,
    signal: AbortSignal,
  ): Promise<Response | null> => {
    if (place === null) return null;
    try {
      const { url, headers } = place;
      return await fetch(url, { ...init, headers: { ...headers }, credentials: 'omit', signal });
    } catch {
      signal.throwIfAborted();
      return null;
    }
  };

  const putAtPlace = async (
    access: BlobAccess,
    part: number,
    data: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const place = await placeOf(access, part, signal);
    const response = await visit(place, { method: 'PUT', body: data }, patient(signal));
    void response?.body?.cancel();
    return response !== null && (response.ok || response.status === IS_THERE);
  };

  /** Null, too, where there is nothing: a node may have what was stored before there was an object store. */
  const getFromPlace = async (
    access: BlobAccess,
    part: number,
    signal: AbortSignal,
  ): Promise<Response | null> => {
    const place = await placeOf(access, part, signal);
    const response = await visit(place, {}, signal);
    if (response?.ok === true) return response;
    void response?.body?.cancel();
    return null;
  };

  return {
    parts: async (access, signal) => {
      const { parts } = await http.ask('blobParts', { ...at(access, ''), method: 'GET', signal });
      return new Set(parts.flatMap(runOf));
    },
    put: async (access, part, data, signal) => {
      if (await putAtPlace(access, part, data, signal)) return COPIES_OF_STORE;
      const { copies } = await http.ask('partStored', {
        ...{ ...at(access, `/${part}`), method: 'PUT', octets: data, signal },
        timeoutMs: PART_TIMEOUT_MS,
      });
      return copies;
    },
    get: async (access, part, signal) => {
      const watched = watchBeats(patient(signal), quietMs);
      try {
        const response =
          (await getFromPlace(access, part, watched.signal)) ??
          (
            await http.open({
              ...{ ...at(access, `/${part}`), method: 'GET', signal: watched.signal },
            })
          ).response;
        return await readPart(response, watched.beat);
      } catch (error) {
        if (error instanceof MessengerError) throw error;
        throw new MessengerError('unreachable', 'the answer was cut off', { cause: error });
      } finally {
        watched.end();
      }
    },
  };
};
