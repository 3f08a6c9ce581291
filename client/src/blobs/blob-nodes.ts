import type { BlobId } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';

/** A ticket for one blob, and the nodes that it is good at, with absolute addresses. */
export type Ticket = {
  readonly id: BlobId;
  readonly ticket: string;
  readonly nodes: readonly string[];
  /** Origin of the object store in which these tell places. Absent: they tell none. */
  readonly placesAt?: string | undefined;
};

/** Whether another node may answer what this one did not: it is away, or does not have the part. */
const isElsewhere = (error: unknown): boolean =>
  error instanceof MessengerError &&
  (error.retry || error.code === 'bad-answer' || error.code === 'not-found' || error.code === 'blob-altered');

/**
 * Asks nodes of a blob one after the other, beginning with the one that answered last.
 *
 * @throws MessengerError what stands in the way at all of them, or what the last one said
 */
export const createBlobNodes = (nodes: readonly string[]) => {
  let [first = ''] = nodes;
  return {
    any: async <T>(ask: (node: string) => Promise<T>): Promise<T> => {
      const failures: MessengerError[] = [];
      for (const node of [first, ...nodes.filter((other) => other !== first)]) {
        try {
          const answer = await ask(node);
          first = node;
          return answer;
        } catch (error) {
          if (!isElsewhere(error)) throw error;
          failures.push(error as MessengerError);
        }
      }
      // One that is away may have what the others do not.
      throw (
        failures.find(({ retry }) => retry) ?? failures.at(-1) ?? new MessengerError('unreachable', 'no node')
      );
    },
  };
};
