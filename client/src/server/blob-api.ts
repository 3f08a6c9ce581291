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
  /**
   * Origin of the object store in which the node tells places, as a master says; null: it tells none. Where a place is elsewhere, or cannot be
   * reached, the part goes by the node.
   */
  readonly placesAt: string | null;
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
/** So long no place is gone to when one could not be: each part would wait for it anew. */
const PASSED_OVER_MS = 5 * 60_000;

/**
 * `fetch`: to places. `quietMs`: how long a node, or a place, may give nothing of a part that is read. `partMs`: how long a part may take.
 */
export const blobApi = (
  http: Http,
  fetch: Fetch,
  {
    quietMs = QUIET_MS,
    partMs = PART_TIMEOUT_MS,
  }: { readonly quietMs?: number; readonly partMs?: number } = {},
): BlobApi => {
  const patient = (signal: AbortSignal): AbortSignal =>
    AbortSignal.any([signal, AbortSignal.timeout(partMs)]);
  const at = ({ node, blob, ticket }: BlobAccess, path: string) => ({
    ...{ server: node, path: `/blobs/${blob}${path}`, token: ticket },
  });
  let passedOverUntilMs = -Infinity;

  /** Null: there is none. */
  const placeOf = async (
    access: BlobAccess,
    part: number,
    signal: AbortSignal,
  ): Promise<PartPlace | null> => {
    if (access.placesAt === null || performance.now() < passedOverUntilMs) return null;
    try {
      const place = await http.ask('partPlace', { ...at(access, `/${part}`), method: 'POST', signal });
      // A node may tell of anything, such as a machine of the network that this one is in.
      return URL.parse(place.url)?.origin === access.placesAt ? place : null;
    } catch (error) {
      if (error instanceof MessengerError && error.code === 'not-found') return null;
      throw error;
    }
  };

  /** What came of going to the place of a part. Null: there is none, or it says no, or is not to be reached from here. The node is asked itself then. */
  const atPlace = async <T>(
    access: BlobAccess,
    part: number,
    signal: AbortSignal,
    visit: (go: (init: RequestInit) => Promise<Response>) => Promise<T | null>,
  ): Promise<T | null> => {
    const place = await placeOf(access, part, signal);
    if (place === null) return null;
    const { url, headers } = place;
    try {
      return await visit((init) =>
        fetch(url, { ...init, headers: { ...headers }, credentials: 'omit', redirect: 'error' }),
      );
    } catch {
      signal.throwIfAborted();
      passedOverUntilMs = performance.now() + PASSED_OVER_MS;
      return null;
    }
  };

  /** Ends `work` when it has not called `beat` for so long, or takes too long. */
  const watching = async <T>(
    signal: AbortSignal,
    work: (watched: { readonly signal: AbortSignal; readonly beat: () => void }) => Promise<T>,
  ): Promise<T> => {
    const watched = watchBeats(patient(signal), quietMs);
    try {
      return await work(watched);
    } finally {
      watched.end();
    }
  };

  /** Null, too, where there is nothing: a node may have what was stored before there was an object store. */
  const getAtPlace = (access: BlobAccess, part: number, signal: AbortSignal) =>
    atPlace(access, part, signal, (go) =>
      watching(signal, async (watched) => {
        const response = await go({ signal: watched.signal });
        if (response.ok) return readPart(response, watched.beat);
        void response.body?.cancel();
        return null;
      }),
    );
  const getAtNode = (access: BlobAccess, part: number, signal: AbortSignal) =>
    watching(signal, async (watched) => {
      const { response } = await http.open({
        ...{ ...at(access, `/${part}`), method: 'GET', signal: watched.signal },
      });
      return readPart(response, watched.beat);
    });

  return {
    parts: async (access, signal) => {
      const { parts } = await http.ask('blobParts', { ...at(access, ''), method: 'GET', signal });
      return new Set(parts.flatMap(runOf));
    },
    put: async (access, part, data, signal) => {
      // Of bytes a browser's page would hold a copy until its collector comes by; a blob it hands on.
      const body = new Blob([data]);
      const isTaken = await atPlace(access, part, signal, async (go) => {
        const response = await go({ method: 'PUT', body, signal: patient(signal) });
        void response.body?.cancel();
        return response.ok || response.status === IS_THERE;
      });
      if (isTaken) return COPIES_OF_STORE;
      const { copies } = await http.ask('partStored', {
        ...{ ...at(access, `/${part}`), method: 'PUT', octets: body, signal },
        timeoutMs: partMs,
      });
      return copies;
    },
    get: async (access, part, signal) => {
      try {
        return (await getAtPlace(access, part, signal)) ?? (await getAtNode(access, part, signal));
      } catch (error) {
        if (error instanceof MessengerError) throw error;
        throw new MessengerError('unreachable', 'the answer was cut off', { cause: error });
      }
    },
  };
};
