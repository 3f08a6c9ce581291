import { randomBytes, randomUUID } from 'node:crypto';
import { LIMITS, messageTime, mintRendezvousId, RENDEZVOUS_MS, type RendezvousId } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { Bus, RendezvousAnswer, RendezvousQuestion } from './bus.ts';
import { createRendezvousBoard } from './rendezvous-board.ts';

/**
 * Rendezvous of all masters. The one that has opened a rendezvous decides what becomes of it, so that of two messages one is taken; the others ask it
 * over the bus. It is in memory alone: when that master ends, a new one is opened.
 */
export type Rendezvouses = Disposable & {
  /** @throws ServiceError `unavailable` when as many are open as there may be */
  readonly open: () => RendezvousId;
  /** @throws ServiceError `unavailable` when the master that has opened it does not answer, or too much is being asked */
  readonly ask: (id: RendezvousId, question: RendezvousQuestion) => Promise<RendezvousAnswer>;
};

const PATIENCE_MS = 2_000;
const MAX_ASKED = 1_000;
const RETRY_AFTER_MS = 1_000;

const unavailable = (why: string): ServiceError =>
  new ServiceError('unavailable', why, { retryAfterMs: RETRY_AFTER_MS });

type Asked = {
  readonly resolve: (answer: RendezvousAnswer) => void;
  readonly reject: (error: ServiceError) => void;
};

export const createRendezvouses = (
  bus: Pick<Bus, 'self' | 'publish' | 'subscribe' | 'follow' | 'unfollow' | 'state'>,
  now: () => number,
  patienceMs = PATIENCE_MS,
): Rendezvouses => {
  const board = createRendezvousBoard(now, bus.unfollow);
  const inbox = randomUUID();
  const asked = new Map<number, Asked>();
  let questions = 0;

  bus.follow(inbox);
  bus.subscribe((event, from) => {
    if (event.kind === 'rendezvous-answered') {
      if (event.inbox === inbox) asked.get(event.number)?.resolve(event.answer);
      return;
    }
    if (event.kind !== 'rendezvous-asked' || from === bus.self) return;
    const { rendezvous, question, inbox: asker, number } = event;
    const answer = board.answer(rendezvous, question);
    if (answer !== null) bus.publish({ kind: 'rendezvous-answered', inbox: asker, number, answer });
  });

  const askOthers = async (
    rendezvous: RendezvousId,
    question: RendezvousQuestion,
  ): Promise<RendezvousAnswer> => {
    if (!bus.state().up) throw unavailable('there is no way to the other masters');
    if (asked.size >= MAX_ASKED) throw unavailable('too much is asked of other masters');
    questions += 1;
    const number = questions;
    const { promise, resolve, reject } = Promise.withResolvers<RendezvousAnswer>();
    const timer = setTimeout(() => reject(unavailable('no other master answers')), patienceMs);
    asked.set(number, { resolve, reject });
    try {
      bus.publish({ kind: 'rendezvous-asked', rendezvous, question, inbox, number });
      return await promise;
    } finally {
      clearTimeout(timer);
      asked.delete(number);
    }
  };

  return {
    open: () => {
      const id = mintRendezvousId(now(), randomBytes(10));
      board.add(id);
      bus.follow(id);
      return id;
    },
    ask: async (id, question) => {
      const own = board.answer(id, question);
      if (own !== null) return own;
      const isOver = messageTime(id) + RENDEZVOUS_MS + LIMITS.clockSkewMs <= now();
      const { kind, peers } = bus.state();
      return isOver || (kind === 'in-process' && peers === 0) ? { is: 'not-found' } : askOthers(id, question);
    },
    [Symbol.dispose]: () => {
      bus.unfollow(inbox);
      for (const { reject } of asked.values()) reject(unavailable('this server stops'));
    },
  };
};
