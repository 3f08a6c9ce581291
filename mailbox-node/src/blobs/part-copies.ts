import { VERSION_HEADER, VERSIONS } from '@restante/protocol';
import { readJson } from '@restante/service-kit';
import { Agent, request } from 'undici';
import type { BlobPart } from './blob-store.ts';

/**
 * Brings a part to the other nodes of the cell as it comes in, with the ticket that it came with: no node needs a right of its own to
 * write at another one (law 12). What does not get there now the mesh brings later.
 */
export type PartCopies = AsyncDisposable & {
  /**
   * `own`: the part on its way to this node's own disk. `copies` resolves with how many nodes have it on their disks, as soon as those are
   * as many as a message is accepted with, or no more are to be had; it rejects as `own` does when no node has it. `done` resolves once
   * nothing of it is held in memory.
   */
  readonly spread: (
    part: BlobPart,
    ticket: string,
    own: Promise<void>,
  ) => { readonly copies: Promise<number>; readonly done: Promise<void> };
};

/** Copies with which a part is stored, as a message is with W of 3. */
const ENOUGH = 2;
const ANSWER_WITHIN_MS = 5_000;
/** A node that did not take one is passed over for so long: parts that wait for it are in memory. */
const PASSED_OVER_MS = 5_000;
const CONNECTIONS = 8;
const MAX_ANSWER_BYTES = 4 * 1024;

class NotTaken extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`a node answered ${status} to a part`);
    this.status = status;
  }
}

/** `peers`: addresses of the other nodes. */
export const createPartCopies = (peers: readonly string[]): PartCopies => {
  const agent = new Agent({
    connect: { timeout: 2_000 },
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
    connections: CONNECTIONS,
  });
  const passedOverUntilMs = new Map<string, number>();

  const send = async (peer: string, part: BlobPart, ticket: string): Promise<void> => {
    if (performance.now() < (passedOverUntilMs.get(peer) ?? 0)) throw new Error('passed over');
    try {
      const { statusCode, body } = await request(`${peer}/blobs/${part.blob}/${part.part}?copies=own`, {
        method: 'PUT',
        headers: {
          'content-type': 'application/octet-stream',
          authorization: `Bearer ${ticket}`,
          [VERSION_HEADER]: String(VERSIONS[0].version),
        },
        body: part.data,
        dispatcher: agent,
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      await readJson(body, MAX_ANSWER_BYTES);
      if (statusCode === 200) return;
      throw new NotTaken(statusCode);
    } catch (error) {
      // A part that is refused says nothing of the node.
      if (!(error instanceof NotTaken) || error.status >= 500)
        passedOverUntilMs.set(peer, performance.now() + PASSED_OVER_MS);
      throw error;
    }
  };

  return {
    spread: (part, ticket, own) => {
      const writes = [own, ...peers.map((peer) => send(peer, part, ticket))];
      const copies = new Promise<number>((resolve, reject) => {
        let [stored, left] = [0, writes.length];
        const settle = (): void => {
          left -= 1;
          if (stored >= ENOUGH || (left === 0 && stored > 0)) resolve(stored);
          // A promise that has ended already stays as it is.
          else if (left === 0) own.catch(reject);
        };
        for (const write of writes)
          write.then(
            () => {
              stored += 1;
              settle();
            },
            () => settle(),
          );
      });
      return { copies, done: Promise.allSettled(writes).then(() => undefined) };
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
};
