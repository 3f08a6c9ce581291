import type { Envelope, MessageId } from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import type { CatchUpProgress } from '../events/messenger-events.ts';
import type { ReadPage } from '../server/mailbox-api.ts';
import { createMerge, type Merge } from './merge.ts';
import { pause } from '../pause.ts';

/**
 * Reads the mailboxes of all nodes at once into the inbox, while live arrivals are held back. Subscribing comes
 * first: whoever calls `run` is already told of what arrives from now on, so no gap is left. With W copies of each
 * accepted message, N + 1 - W nodes read to their end are a complete catch-up; nodes that did
 * not answer are asked again until they do, as a message with fewer copies may be on one of them only.
 */
export type CatchUp = {
  /** Reads all nodes anew. Resolves after the first round whose messages have been taken, whether or not it is complete. */
  readonly run: () => Promise<void>;
  readonly stop: () => void;
};

export type CatchUpDeps = {
  readonly nodes: () => { readonly count: number; readonly writeConcern: number };
  readonly page: (node: number, after: MessageId | null, signal: AbortSignal) => Promise<ReadPage>;
  /** Takes a batch durably; answers how many were new. */
  readonly take: (batch: readonly Envelope[]) => Promise<number>;
  readonly hold: () => void;
  readonly release: () => void;
  /** Of so many expired messages: how many have not been told before. Only a complete read shows that they became fewer. */
  readonly newlyExpired: (expired: number, complete: boolean) => Promise<number>;
  readonly onProgress: (progress: CatchUpProgress) => void;
  readonly onFault: (error: unknown) => void;
  readonly backoff: Backoff;
  /** A node that takes longer for a page does not hold back the others. */
  readonly patienceMs: number;
};

/** Envelopes in one transaction. */
const BATCH = 250;
/** A node's next page is fetched while at most this many of its envelopes wait. */
const READ_AHEAD = 500;

type Run = {
  readonly signal: AbortSignal;
  readonly count: number;
  readonly needed: number;
  readonly answered: Set<number>;
  /** What expired unread, by node that has been read. */
  readonly expired: Map<number, number>;
  received: number;
};

/** Something that is waited for and may happen at any time. */
const createBell = () => {
  let ring = (): void => undefined;
  let rung = new Promise<void>((resolve) => (ring = resolve));
  return {
    ring: (): void => ring(),
    wait: async (): Promise<void> => {
      await rung;
      rung = new Promise<void>((resolve) => (ring = resolve));
    },
  };
};

type Bell = ReturnType<typeof createBell>;

export const createCatchUp = (deps: CatchUpDeps): CatchUp => {
  let current = new AbortController();

  const report = (run: Run, running: boolean, expired = 0): void =>
    deps.onProgress({
      running,
      received: run.received,
      nodesAnswered: run.answered.size,
      nodesNeeded: run.needed,
      nodes: run.count,
      complete: run.answered.size >= run.needed,
      expired,
    });

  const readNode = async (
    run: Run,
    merge: Merge,
    node: number,
    { page: pages, room }: { page: Bell; room: Bell },
    signal: AbortSignal,
  ): Promise<boolean> => {
    let after: MessageId | null = null;
    let complete: boolean;
    let expired = 0;
    let unreadable = 0;
    do {
      while (merge.buffered(node) > READ_AHEAD) {
        await room.wait();
        signal.throwIfAborted();
      }
      const timer = setTimeout(() => {
        merge.overtake(node);
        pages.ring();
      }, deps.patienceMs);
      const page: ReadPage = await deps.page(node, after, signal).finally(() => clearTimeout(timer));
      expired += page.expired;
      unreadable += page.unreadable;
      complete = page.complete;
      after = complete ? null : page.next;
      merge.push(node, page.messages, after);
      pages.ring();
    } while (after !== null);
    run.expired.set(node, expired);
    // A node that lost its database gives what it has by now; it is asked again until it has all.
    if (unreadable > 0)
      deps.onFault(new MessengerError('bad-answer', 'envelopes of a page break the protocol'));
    return complete && unreadable === 0;
  };

  /** One reading of the nodes that have not answered in this run: answered is one whose messages are all taken. */
  const round = async (run: Run, signal: AbortSignal): Promise<void> => {
    const merge = createMerge(run.count);
    const read = new Set<number>();
    const page = createBell();
    const rooms = Array.from({ length: run.count }, createBell);
    let reading = 0;
    rooms.forEach((room, node) => {
      if (run.answered.has(node)) {
        merge.overtake(node);
        return;
      }
      reading += 1;
      readNode(run, merge, node, { page, room }, signal)
        .then((complete) => {
          if (complete) read.add(node);
        })
        .catch((error: unknown) => {
          merge.overtake(node);
          if (!signal.aborted && !isAway(error)) deps.onFault(error);
        })
        .finally(() => {
          reading -= 1;
          page.ring();
        });
    });
    signal.addEventListener('abort', () => {
      for (const room of rooms) room.ring();
    });
    for (;;) {
      const batch = merge.take(BATCH);
      if (batch.length > 0) run.received += await deps.take(batch);
      for (const node of read) if (merge.buffered(node) === 0) run.answered.add(node);
      if (batch.length > 0) {
        report(run, true);
        for (const room of rooms) room.ring();
      } else if (reading === 0) return;
      else await page.wait();
    }
  };

  const runRound = async (run: Run): Promise<void> => {
    const ended = new AbortController();
    deps.hold();
    try {
      await round(run, AbortSignal.any([run.signal, ended.signal]));
    } finally {
      ended.abort();
      deps.release();
    }
    if (run.signal.aborted) return;
    const expired = Math.max(0, ...run.expired.values());
    report(run, false, await deps.newlyExpired(expired, run.answered.size >= run.needed));
  };

  /** Whether what a round brought was taken; what was not is still in the mailboxes. */
  const isTaken = async (run: Run): Promise<boolean> => {
    try {
      await runRound(run);
    } catch (error) {
      if (run.signal.aborted) return true;
      deps.onFault(error);
      report(run, false);
      return false;
    }
    return true;
  };

  const askMissing = (run: Run, attempt: number): void => {
    if (run.signal.aborted || run.answered.size === run.count) return;
    const timer = setTimeout(
      () => {
        void isTaken(run).then(() => askMissing(run, attempt + 1));
      },
      backoffDelayMs(deps.backoff, attempt, Math.random()),
    );
    run.signal.addEventListener('abort', () => clearTimeout(timer));
  };

  const runOnce = coalesce(async () => {
    current.abort();
    current = new AbortController();
    const { count, writeConcern } = deps.nodes();
    const needed = Math.min(count, Math.max(1, count + 1 - writeConcern));
    const { signal } = current;
    const run: Run = { signal, count, needed, answered: new Set(), expired: new Map(), received: 0 };
    report(run, true);
    for (let attempt = 1; !(await isTaken(run)); attempt += 1)
      await pause(backoffDelayMs(deps.backoff, attempt, Math.random()), run.signal);
    askMissing(run, 1);
  });

  return { run: runOnce, stop: () => current.abort() };
};
