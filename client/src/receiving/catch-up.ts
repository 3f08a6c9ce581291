import type { Envelope, MessageId } from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import type { CatchUpProgress } from '../events/messenger-events.ts';
import type { Listing } from '../server/mailbox-api.ts';
import { createBodies, type Bodies, type BodiesDeps } from './bodies.ts';
import { createMerge, type Found, type Merge } from './merge.ts';
import { pause } from '../pause.ts';

/**
 * Reads the mailboxes of all nodes at once into the inbox, while live arrivals are held back: the ids from all of them, what is
 * new by them from one. Subscribing comes first: whoever calls `run` is already told of what arrives from now on, so no gap is left. With W copies of each
 * accepted message, N + 1 - W nodes read to their end are a complete catch-up; nodes that did
 * not answer are asked again until they do, as a message with fewer copies may be on one of them only. An id that nobody gives a
 * message for is a gap until all nodes have been read.
 */
export type CatchUp = {
  /** Reads all nodes anew. Resolves after the first round whose messages have been taken, whether or not it is complete. */
  readonly run: () => Promise<void>;
  readonly stop: () => void;
};

export type CatchUpDeps = {
  readonly nodes: () => { readonly count: number; readonly writeConcern: number };
  readonly list: (node: number, after: MessageId | null, signal: AbortSignal) => Promise<Listing>;
  readonly page: BodiesDeps['page'];
  /** Any number that is always the same here and another one for others: of it depends which node gives the messages. */
  readonly share: () => number;
  /** Those of the ids whose messages are not kept yet. */
  readonly unknown: (ids: readonly MessageId[]) => Promise<ReadonlySet<MessageId>>;
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
  /** Whether the server of a node has just been left: it is asked like the others, and hardly waited for. */
  readonly isLeft: (node: number) => boolean;
};

/** Envelopes in one transaction. */
const BATCH = 250;
/** A node's next page is fetched while at most this many of its ids wait. */
const READ_AHEAD = 500;
const PATIENCE_WITH_LEFT_MS = 300;
/** A node that lists more for which nobody gives a message is not read on. */
const MAX_WITHHELD = 1_000;

type Run = {
  readonly signal: AbortSignal;
  readonly count: number;
  readonly needed: number;
  readonly answered: Set<number>;
  /** What expired unread, by node that has been read. */
  readonly expired: Map<number, number>;
  /** What was listed and nobody gave. */
  readonly withheld: Set<MessageId>;
  received: number;
};

/** What nobody gave may be on any node that has not been read. */
const isComplete = ({ answered, withheld, count, needed }: Run): boolean =>
  answered.size >= (withheld.size === 0 ? needed : count);

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
      complete: isComplete(run),
      expired,
    });

  const readNode = async (
    run: Run,
    { merge, bodies }: { merge: Merge; bodies: Bodies },
    node: number,
    { page: pages, room, late }: { page: Bell; room: Bell; late: Set<number> },
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
      if (bodies.withheldBy(node) > MAX_WITHHELD)
        throw new MessengerError('bad-answer', 'a node lists what nobody gives');
      const timer = setTimeout(
        () => {
          merge.overtake(node);
          late.add(node);
          pages.ring();
        },
        deps.isLeft(node) ? Math.min(PATIENCE_WITH_LEFT_MS, deps.patienceMs) : deps.patienceMs,
      );
      const page: Listing = await deps.list(node, after, signal).finally(() => clearTimeout(timer));
      late.delete(node);
      expired += page.expired;
      unreadable += page.unreadable;
      complete = page.complete;
      after = complete ? null : page.next;
      merge.push(node, page.listed, after);
      pages.ring();
    } while (after !== null);
    run.expired.set(node, expired);
    // A node that lost its database gives what it has by now; it is asked again until it has all.
    if (unreadable > 0) deps.onFault(new MessengerError('bad-answer', 'a page breaks the protocol'));
    return complete && unreadable === 0;
  };

  /**
   * One reading of the nodes that have not answered in this run: answered is one whose messages are all taken. One that is `brief` ends when
   * it is complete and only nodes are left that take too long.
   */
  const round = async (run: Run, brief: boolean, signal: AbortSignal): Promise<void> => {
    const merge = createMerge(run.count);
    const nodes = Array.from({ length: run.count }, (_, index) => (deps.share() + index) % run.count);
    const bodies = createBodies(deps, nodes);
    const read = new Set<number>();
    const late = new Set<number>();
    const page = createBell();
    const rooms = Array.from({ length: run.count }, createBell);
    let reading = 0;
    rooms.forEach((room, node) => {
      if (run.answered.has(node)) {
        merge.overtake(node);
        return;
      }
      reading += 1;
      readNode(run, { merge, bodies }, node, { page, room, late }, signal)
        .then((complete) => {
          if (complete) read.add(node);
        })
        .catch((error: unknown) => {
          merge.overtake(node);
          if (!signal.aborted && !isAway(error)) deps.onFault(error);
        })
        .finally(() => {
          reading -= 1;
          late.delete(node);
          page.ring();
        });
    });
    signal.addEventListener('abort', () => {
      for (const room of rooms) room.ring();
    });

    const answer = (emptied: readonly number[]): void => {
      for (const node of emptied) if (!bodies.isOwing(node)) run.answered.add(node);
    };
    const take = async (
      batch: readonly Found[],
      wanted: ReadonlySet<MessageId>,
      had: ReadonlyMap<MessageId, Envelope>,
      emptied: readonly number[],
    ): Promise<void> => {
      if (had.size > 0) run.received += await deps.take([...had.values()]);
      for (const { id } of batch) {
        if (wanted.has(id) && !had.has(id)) run.withheld.add(id);
        else run.withheld.delete(id);
      }
      answer(emptied);
      report(run, true);
    };
    // One batch is taken while the next one is fetched.
    let taking = Promise.resolve();
    for (;;) {
      const batch = merge.take(BATCH);
      const emptied = [...read].filter((node) => merge.buffered(node) === 0);
      if (batch.length === 0) {
        const isOver = reading === 0;
        const isLateOnly = reading === late.size;
        await taking;
        answer(emptied);
        if (isOver || (brief && isLateOnly && isComplete(run))) return;
        await page.wait();
        continue;
      }
      for (const room of rooms) room.ring();
      const fetch = async () => {
        const wanted = await deps.unknown(batch.map(({ id }) => id));
        return { wanted, had: await bodies.fetch(batch, wanted, signal) };
      };
      const [{ wanted, had }] = await Promise.all([fetch(), taking]);
      taking = take(batch, wanted, had, emptied);
    }
  };

  /** Once the read is complete nothing that comes waits for the nodes that are left. */
  const runRound = async (run: Run): Promise<void> => {
    const ended = new AbortController();
    const holds = !isComplete(run);
    if (holds) deps.hold();
    try {
      await round(run, holds, AbortSignal.any([run.signal, ended.signal]));
    } finally {
      ended.abort();
      if (holds) deps.release();
    }
    if (run.signal.aborted) return;
    const expired = Math.max(0, ...run.expired.values());
    report(run, false, await deps.newlyExpired(expired, isComplete(run)));
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
    const run: Run = {
      ...{ signal, count, needed, received: 0 },
      ...{ answered: new Set(), expired: new Map(), withheld: new Set() },
    };
    report(run, true);
    for (let attempt = 1; !(await isTaken(run)); attempt += 1)
      await pause(backoffDelayMs(deps.backoff, attempt, Math.random()), run.signal);
    askMissing(run, 1);
  });

  return { run: runOnce, stop: () => current.abort() };
};
