import type { MessageId } from '@restante/protocol';
import type { Listed } from '../server/mailbox-api.ts';

/** What has been listed by one node or several, with the nodes that have it, and its envelope when one of them has given it already. */
export type Found = Listed & { readonly nodes: readonly number[] };

/**
 * Merges what several mailbox nodes have, each in id order, into one sequence in id order without repetitions. A
 * message comes out when every node has passed its id, has been read to its end, has failed, or is no longer
 * waited for. What a node brings after it was no longer waited for comes out late, but it comes out.
 */
export type Merge = {
  /** A page of this node, which has now been read up to the id `passed`; null: to its end. */
  readonly push: (node: number, page: readonly Listed[], passed: MessageId | null) => void;
  /** The node does not hold back the others any more: it has failed, or takes too long. */
  readonly overtake: (node: number) => void;
  /** At most `limit` messages that may be processed now. */
  readonly take: (limit: number) => Found[];
  /** Messages of this node that wait. */
  readonly buffered: (node: number) => number;
};

type Reader = {
  queue: readonly Listed[];
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
  const head = (reader: Reader): Listed | undefined => reader.queue[reader.next];

  const smallest = (): MessageId | undefined => {
    let best: MessageId | undefined;
    for (const reader of readers) {
      const id = head(reader)?.id;
      if (id !== undefined && (best === undefined || id < best)) best = id;
    }
    return best;
  };
  const isPassed = (id: MessageId): boolean =>
    readers.every(({ passed, awaited }) => !awaited || passed === null || id <= passed);
  const drop = (id: MessageId): Found => {
    let envelope: Listed['envelope'] = null;
    const nodes: number[] = [];
    for (const [node, reader] of readers.entries()) {
      const listed = head(reader);
      if (listed?.id !== id) continue;
      nodes.push(node);
      envelope ??= listed.envelope;
      reader.next += 1;
      if (reader.next === reader.queue.length) [reader.queue, reader.next] = [[], 0];
    }
    return { id, envelope, nodes };
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
      const taken: Found[] = [];
      while (taken.length < limit) {
        const next = smallest();
        if (next === undefined || !isPassed(next)) break;
        taken.push(drop(next));
      }
      return taken;
    },
    buffered: (node) => readerOf(node).queue.length - readerOf(node).next,
  };
};
