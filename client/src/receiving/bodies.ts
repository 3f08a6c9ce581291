import { messageTime, mintMessageId, type Envelope, type MessageId } from '@restante/protocol';
import { isAway, MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import type { ReadPage } from '../server/mailbox-api.ts';
import type { Found } from './merge.ts';

/**
 * Fetches messages that nodes have listed: from one node, and what that one does not give from the next that has listed it. A
 * node that takes long is waited for while the next one is asked too.
 */
export type Bodies = {
  /** Envelopes of those of `found` that are `wanted`, as far as any node gives them. Does not fail but by `signal`. */
  readonly fetch: (
    found: readonly Found[],
    wanted: ReadonlySet<MessageId>,
    signal: AbortSignal,
  ) => Promise<Map<MessageId, Envelope>>;
  /** Whether the node has listed what nobody gave, and has not been heard to have nothing to give for it. */
  readonly isOwing: (node: number) => boolean;
  /** How many messages the node has listed that nobody gave. */
  readonly withheldBy: (node: number) => number;
};

export type BodiesDeps = {
  readonly page: (
    node: number,
    after: MessageId,
    limit: number,
    signal: AbortSignal,
  ) => Promise<Pick<ReadPage, 'messages' | 'complete' | 'next' | 'unreadable'>>;
  readonly onFault: (error: unknown) => void;
  readonly patienceMs: number;
};

/** Pages for one message more than there are wanted: what came in between meanwhile, or has the same millisecond. */
const PAGES_IN_BETWEEN = 8;

/** An id before this one and, but for those of one millisecond, after all that are before it. */
const justBefore = (id: MessageId): MessageId =>
  mintMessageId(Math.max(0, messageTime(id) - 1), new Uint8Array(10).fill(0xff));

/** @param nodes in the order in which they are asked */
export const createBodies = (deps: BodiesDeps, nodes: readonly number[]): Bodies => {
  let order = nodes;
  const failed = new Set<number>();
  const owing = new Set<number>();
  const withheld = new Map<number, number>();

  /** @param limit messages that `node` has listed from the first that is wanted to the last */
  const read = async (
    node: number,
    wanted: readonly MessageId[],
    limit: number,
    had: Map<MessageId, Envelope>,
    signal: AbortSignal,
  ): Promise<void> => {
    const [first, last] = [wanted[0] ?? '', wanted.at(-1) ?? ''];
    const left = new Set(wanted);
    let after: MessageId | null = justBefore(first);
    for (let pages = 0; after !== null && after < last && left.size > 0; pages += 1) {
      if (pages > wanted.length + PAGES_IN_BETWEEN)
        throw new MessengerError('bad-answer', 'a node does not give what it has listed');
      const page: Awaited<ReturnType<BodiesDeps['page']>> = await deps.page(node, after, limit, signal);
      for (const envelope of page.messages) if (left.delete(envelope.id)) had.set(envelope.id, envelope);
      if (page.unreadable > 0) {
        owing.add(node);
        deps.onFault(new MessengerError('bad-answer', 'envelopes of a page break the protocol'));
      }
      // A node that lost its database meanwhile.
      if (!page.complete && page.next === null) owing.add(node);
      after = page.complete ? null : page.next;
    }
  };

  return {
    fetch: async (found, wanted, signal) => {
      const had = new Map<MessageId, Envelope>();
      for (const { id, envelope } of found) if (envelope !== null && wanted.has(id)) had.set(id, envelope);
      const missing = (): Found[] => found.filter(({ id }) => wanted.has(id) && !had.has(id));
      const ended = new AbortController();
      const until = AbortSignal.any([signal, ended.signal]);
      const reads = new Set<Promise<void>>();

      const begin = (node: number): void => {
        const ids = missing().flatMap(({ id, nodes: by }) => (by.includes(node) ? [id] : []));
        const [first, last] = [ids[0], ids.at(-1)];
        if (failed.has(node) || first === undefined || last === undefined) return;
        const span = found.filter(({ id, nodes: by }) => by.includes(node) && id >= first && id <= last);
        const reading = read(node, ids, span.length, had, until)
          .catch((error: unknown) => {
            if (until.aborted) return;
            failed.add(node);
            if (!isAway(error)) deps.onFault(error);
          })
          .finally(() => reads.delete(reading));
        reads.add(reading);
      };
      /** Whether it was before patience ended. */
      const isSoon = async (): Promise<boolean> => {
        const waiting = new AbortController();
        const patience = pause(deps.patienceMs, AbortSignal.any([waiting.signal, signal])).then(() => false);
        const answer = Promise.race([...reads].map((reading) => reading.then(() => true)));
        return Promise.race([answer, patience]).finally(() => waiting.abort());
      };

      for (const node of order) {
        begin(node);
        if (reads.size === 0 || (await isSoon())) continue;
        signal.throwIfAborted();
        order = [...order.filter((each) => each !== node), node];
      }
      while (reads.size > 0 && missing().length > 0) await Promise.race(reads);
      ended.abort();
      signal.throwIfAborted();
      for (const node of missing().flatMap((message) => message.nodes)) {
        withheld.set(node, (withheld.get(node) ?? 0) + 1);
        if (failed.has(node)) owing.add(node);
      }
      return had;
    },
    isOwing: (node) => owing.has(node),
    withheldBy: (node) => withheld.get(node) ?? 0,
  };
};
