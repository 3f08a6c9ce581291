import { LIMITS } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';

/** How a server answers to who thinks of connecting there; `away`: it does not, or says that it cannot serve. */
export type ServerHealth = 'ok' | 'degraded' | 'away';

/**
 * The servers that a messenger may connect to, as origins. The usual one is the first of those that it was started with: it is preferred
 * wherever it answers. Where sessions name servers and it is none of them, another one has its place, and whichever was taken last is the
 * usual one. Those that sessions have named come last, in an order that each run draws for itself, so that people who lose one server
 * spread over the others.
 */
export type Servers = {
  readonly usual: () => string;
  /** Never empty. The one that was taken last comes first. */
  readonly inOrder: () => readonly string[];
  /** Takes the usual one if it is well, else the first other one that is; null: none answers. One that is known alone is not asked. */
  readonly choose: (signal: AbortSignal) => Promise<string | null>;
  readonly health: (origin: string, signal: AbortSignal) => Promise<ServerHealth>;
  /** Whether it leaves a question without an answer while another one answers: it may be gone without a word, and the network is not to blame. */
  readonly isOutdone: (origin: string, signal: AbortSignal) => Promise<boolean>;
  /** It has answered: requests go there first. */
  readonly take: (origin: string) => void;
  /** It has let a connection down, whatever it says of itself: for a while it is asked last. */
  readonly avoid: (origin: string) => void;
  /** Whether it has let a connection down a moment ago, and another one was taken. */
  readonly isLeft: (origin: string) => boolean;
};

export type ServersDeps = {
  /** Not empty. */
  readonly given: readonly string[];
  /** Those that the last session named. */
  readonly named: () => readonly string[];
  /** Asks a server how it is. Throws when it does not say. */
  readonly ask: (origin: string, signal: AbortSignal) => Promise<'ok' | 'degraded'>;
  /** Milliseconds since any moment, by a clock that nobody sets. */
  readonly monotonic: () => number;
};

/** The usual server is waited for so long before another one is asked, and each of those so long before the next. */
const HEAD_START_MS = 400;
const STAGGER_MS = 200;
const AVOIDED_MS = 20_000;
/** For the answers of a server that is in doubt and of another one. */
const DOUBT_MS = 800;

/**
 * The origins in a list that a server has given, each once.
 *
 * @throws MessengerError `servers-refused` when it is empty, too long, names something else, or leads from `https:` to `http:`
 */
export const readServers = (list: readonly string[], from: string): readonly string[] => {
  const refuse = (why: string): never => {
    throw new MessengerError('servers-refused', `the list of servers ${why}`);
  };
  if (list.length === 0) refuse('is empty');
  if (list.length > LIMITS.masters) refuse('is too long');
  for (const origin of list) {
    const url = URL.parse(origin);
    if (url?.origin !== origin || !/^https?:$/.test(url.protocol)) refuse('names what is no origin');
    if (from.startsWith('https:') && url?.protocol !== 'https:') refuse('names one without TLS');
  }
  return [...new Set(list)];
};

/** Asks one after the other, and the next one at once when one is away; the first that is well is taken, else one that is degraded. */
const firstWell = (
  origins: readonly string[],
  health: Servers['health'],
  signal: AbortSignal,
): Promise<string | null> =>
  new Promise((resolve) => {
    const over = new AbortController();
    const asking = AbortSignal.any([signal, over.signal]);
    let reserve: string | null = null;
    let next = 0;
    let open = 0;
    let waiting = new AbortController();
    const end = (origin: string | null): void => {
      over.abort();
      resolve(origin);
    };
    const askNext = (): void => {
      waiting.abort();
      const origin = origins[next];
      if (origin === undefined || over.signal.aborted) return;
      next += 1;
      open += 1;
      const wait = new AbortController();
      waiting = wait;
      const delayMs = next === 1 ? HEAD_START_MS : STAGGER_MS;
      void pause(delayMs, AbortSignal.any([asking, wait.signal])).then(() => {
        if (!wait.signal.aborted) askNext();
      });
      void health(origin, asking).then((told) => {
        open -= 1;
        if (told === 'ok') end(origin);
        else {
          if (told === 'degraded') reserve ??= origin;
          askNext();
          if (open === 0) end(reserve);
        }
      });
    };
    askNext();
    if (open === 0) end(null);
  });

export const createServers = ({ given, named, ask, monotonic }: ServersDeps): Servers => {
  const ranks = new Map<string, number>();
  const avoidedUntil = new Map<string, number>();
  let taken: string | null = null;

  const rankOf = (origin: string): number => {
    const rank = ranks.get(origin) ?? Math.random();
    ranks.set(origin, rank);
    return rank;
  };
  const isAvoided = (origin: string): boolean => monotonic() < (avoidedUntil.get(origin) ?? -Infinity);
  const usual = (): string => {
    const [first = ''] = given;
    const isGivenUp = named().length > 0 && !named().includes(first);
    return isGivenUp ? (taken ?? first) : first;
  };
  const all = (): readonly string[] => [
    ...given,
    ...named()
      .filter((origin) => !given.includes(origin))
      .sort((one, other) => rankOf(one) - rankOf(other)),
  ];
  const health: Servers['health'] = (origin, signal) => ask(origin, signal).catch(() => 'away' as const);
  const take = (origin: string): void => {
    taken = origin;
  };

  return {
    ...{ usual, health, take },
    inOrder: () => {
      const origins = all();
      return taken !== null && origins.includes(taken)
        ? [taken, ...origins.filter((origin) => origin !== taken)]
        : origins;
    },
    choose: async (signal) => {
      const origins = all();
      const [first, ...others] = [
        ...origins.filter((origin) => !isAvoided(origin)),
        ...origins.filter(isAvoided),
      ];
      if (first === undefined) return null;
      const chosen = others.length === 0 ? first : await firstWell([first, ...others], health, signal);
      if (chosen !== null && !signal.aborted) take(chosen);
      return chosen;
    },
    isOutdone: async (origin, signal) => {
      const others = all().filter((other) => other !== origin);
      if (others.length === 0) return false;
      const over = new AbortController();
      const asking = AbortSignal.any([signal, over.signal]);
      const isThere = health(origin, asking).then((told) => told !== 'away');
      const another = firstWell(others, health, asking).then((found) => found !== null);
      try {
        const time = pause(DOUBT_MS, asking).then(() => false);
        if (await Promise.race([isThere, time])) return false;
        return await Promise.race([another, time]);
      } finally {
        over.abort();
      }
    },
    avoid: (origin) => void avoidedUntil.set(origin, monotonic() + AVOIDED_MS),
    isLeft: (origin) => isAvoided(origin) && origin !== taken,
  };
};
