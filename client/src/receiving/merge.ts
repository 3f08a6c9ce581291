import type { Envelope, MessageId } from '@restante/protocol';

/**
 * Merges the pages of several mailbox nodes, each in id order, into one sequence in id order without repetitions. An
 * envelope comes out when every node has passed its id, has been read to its end, has failed, or is no longer
 * waited for. What a node brings after it was no longer waited for comes out late, but it comes out.
 */
export type Merge = {
  /** A page of this node, which has now been read up to the id `passed`; null: to its end. */
  readonly push: (node: number, page: readonly Envelope[], passed: MessageId | null) => void;
  /** The node does not hold back the others any more: it has failed, or takes too long. */
  readonly overtake: (node: number) => void;
  /** At most `limit` envelopes that may be processed now. */
  readonly take: (limit: number) => Envelope[];
  /** Envelopes of this node that wait. */
  readonly buffered: (node: number) => number;
};

type Reader = {
  queue: Envelope[];
  next: number;
  /** Everything up to this id has been read; null: everything. */
  passed: MessageId | null;
  /** Later ids of other nodes wait for this node. */
  awaited: boolean;
};

export const createMerge = (nodes: number): Merge => {
  const readers = Array.from({ length: nodes }, (): Reader => ({
    queue: [],
    next: 0,
    passed: '',
    awaited: true,
  }));
  const readerOf = (node: number): Reader => {
    const reader = readers[node];
    if (reader === undefined) throw new RangeError('no such node');
    return reader;
  };
  const head = (reader: Reader): Envelope | undefined => reader.queue[reader.next];

  const smallest = (): Envelope | undefined => {
    let best: Envelope | undefined;
    for (const reader of readers) {
      const candidate = head(reader);
      if (candidate !== undefined && (best === undefined || candidate.id < best.id)) best = candidate;
    }
    return best;
  };
  const isPassed = (id: MessageId): boolean =>
    readers.every(({ passed, awaited }) => !awaited || passed === null || id <= passed);
  const drop = (id: MessageId): void => {
    for (const reader of readers) {
      if (head(reader)?.id !== id) continue;
      reader.next += 1;
      if (reader.next === reader.queue.length) [reader.queue, reader.next] = [[], 0];
    }
  };

  return {
    push: (node, page, passed) => {
      const reader = readerOf(node);
      reader.queue = [...reader.queue.slice(reader.next), ...page];
      reader.next = 0;
      reader.passed = passed;
    },
    overtake: (node) => {
      readerOf(node).awaited = false;
    },
    take: (limit) => {
      const taken: Envelope[] = [];
      while (taken.length < limit) {
        const next = smallest();
        if (next === undefined || !isPassed(next.id)) break;
        taken.push(next);
        drop(next.id);
      }
      return taken;
    },
    buffered: (node) => readerOf(node).queue.length - readerOf(node).next,
  };
};
