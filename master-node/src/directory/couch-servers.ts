import type nano from 'nano';
import {
  connectCouch,
  CouchError,
  hasStatus,
  readCaughtUp,
  ServiceError,
  startLoop,
  toCouchError,
  wholeAnswer,
  type About,
  type CouchServer,
  type Counter,
  type Logger,
} from '@restante/service-kit';
import type { DirectorySignatures } from './directory-signatures.ts';

export type Database = nano.DocumentScope<unknown> & {
  /** Documents with all their leaves, in one request; on Apache CouchDB a third of what `_all_docs` costs for as many. */
  readonly bulkGet: (ids: readonly string[], options?: { readonly revs?: true }) => Promise<unknown>;
  /** Which of these revisions the database has never had. */
  readonly missing: (
    revisions: Readonly<Record<string, readonly string[]>>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  readonly signatures: DirectorySignatures;
  /** Name of its server. */
  readonly server: string;
  readonly couch: CouchServer;
  /** Names of the directory and of its node's own database. */
  readonly about: About;
};

export type Changes = {
  readonly results: readonly {
    readonly id: string;
    readonly deleted?: boolean;
    readonly changes: readonly { readonly rev: string }[];
  }[];
  readonly last_seq: string;
};

/** What one server answered. */
export type Answered<T> = { readonly server: string; readonly answer: T };

/**
 * The CouchDBs of the directory as one: the first in order that is up, another while it is not. One whose database was lost is
 * passed over as if it were down until it is filled: it may have an account without all its devices. When no server says
 * that it is complete, as on a first start, all together serve.
 *
 * No one of them is trusted alone (law 12): what is read is asked of most, and the newest that a master has signed holds.
 */
export type CouchServers = AsyncDisposable & {
  /** All of them, whether they answer or not. */
  readonly names: readonly string[];
  /**
   * Runs `operation` on the first server that is up. When that one does not answer it is passed over until it
   * does, and the operation runs on the next. So a write can reach two servers: each caller sees to it that this
   * does no harm.
   *
   * @throws ServiceError `unavailable` when none answers; CouchError for what a server refused
   */
  readonly run: <T>(operation: (database: Database) => Promise<T>) => Promise<T>;
  /**
   * What most servers have of something, in the order of the servers; what one does not have is not given. Nobody has it only
   * when all say so, or when most do and the others cannot read what they have.
   *
   * @throws ServiceError `unavailable` when one that does not answer might have it; as `run`
   */
  readonly ask: <T>(operation: (database: Database) => Promise<T | null>) => Promise<Answered<T>[]>;
  /**
   * As `ask`, for a miss that does no harm: nobody has it when all that answer say so.
   *
   * @throws ServiceError `unavailable` when none answers; as `run`
   */
  readonly askWhereUp: CouchServers['ask'];
  /**
   * As `ask`, for something that several documents say together, of which a server that came back may have some: all are asked
   * while one has gone or come back a moment ago.
   *
   * @throws ServiceError `unavailable` as `ask`, and for a moment while the few that are there have all just come back
   */
  readonly gather: CouchServers['ask'];
  /**
   * Sees to it that what was just written is at two servers, wherever it was: until masters have carried it to all, it would be lost to
   * everybody for as long as one is away. `read` says what one that answers has, and `write` gives to one what the others have and it
   * has not. Never fails: when fewer take it, that is told.
   */
  readonly carry: <T>(
    read: (database: Database) => Promise<T>,
    write: (database: Database, found: readonly Answered<T>[]) => Promise<void>,
  ) => Promise<void>;
  /** Name of the server that the next operation runs on. */
  readonly current: () => string;
  readonly isUp: (server: string) => boolean;
  /** Runs `operation` on this server alone, also while it is being filled. Throws as `run`. */
  readonly on: <T>(server: string, operation: (database: Database) => Promise<T>) => Promise<T>;
  /** Reads the changes feed of one server, with time for a long poll. Throws as `run`. */
  readonly changes: (
    server: string,
    query: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ) => Promise<Changes>;
  readonly states: () => ServerState[];
};

export type ServerState = {
  readonly url: string;
  readonly up: boolean;
  /** It answers and does not take our credentials. */
  readonly refused: boolean;
  /** It answers and is passed over: its database was lost, and the mesh has not filled it yet. */
  readonly filling: boolean;
};

/** A long poll on the changes feed ends after this time. */
export const LONG_POLL_MS = 10_000;

const PROBE_MS = 1000;
/** In so much time the mesh brings to a server that came back what it has missed. */
const CATCHING_UP_MS = 30_000;
/** When everything is started at once, most are there in so much time. */
const STARTING_MS = 5_000;
/** Above all that is ever asked for at once: no CouchDB fills a master's memory (law 12). */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** At so many servers a change is before it is answered, where so many take it. */
const COPIES = 2;
/** A server that refuses the credentials is asked once in so many rounds. */
const REFUSED_ROUNDS = 5;

type Server = {
  readonly name: string;
  readonly database: Database;
  readonly changes: CouchServers['changes'];
  readonly close: () => Promise<unknown>;
  up: boolean;
  /** When it went or came back, by a clock that nobody sets. */
  changedAt: number;
  refused: boolean;
  /** Whether its database has had everything that the others had, at some time since it was created. */
  complete: boolean;
};

const connect = (url: string, about: About, timeoutMs: number, signatures: DirectorySignatures): Server => {
  const db = about.database;
  const server = new URL(url).host;
  const quick = connectCouch(url, timeoutMs, { maxAnswerBytes: MAX_ANSWER_BYTES });
  const patient = connectCouch(url, LONG_POLL_MS + timeoutMs, { maxAnswerBytes: MAX_ANSWER_BYTES });
  return {
    name: server,
    database: Object.assign(quick.use<unknown>(db), {
      bulkGet: async (ids: readonly string[], qs: { readonly revs?: true } = {}): Promise<unknown> => {
        const body = { docs: ids.map((id) => ({ id })) };
        return wholeAnswer<unknown>(await quick.request({ db, path: '_bulk_get', method: 'POST', qs, body }));
      },
      missing: async (revisions: Readonly<Record<string, readonly string[]>>) => {
        const request = { db, path: '_revs_diff', method: 'POST', body: revisions };
        return wholeAnswer((await quick.request(request)) as Readonly<Record<string, unknown>>);
      },
      signatures,
      server,
      couch: quick,
      about,
    }),
    changes: async (_server, qs, signal) => {
      const request = { db, path: '_changes', qs, signal };
      return wholeAnswer((await patient.request(request)) as Changes);
    },
    close: () => Promise.all([quick[Symbol.asyncDispose](), patient[Symbol.asyncDispose]()]),
    up: true,
    changedAt: performance.now(),
    refused: false,
    complete: false,
  };
};

const isRefusal = (error: unknown): boolean => hasStatus(error, 401) || hasStatus(error, 403);

/** Whether a server answered. One without the database, or that does not know us yet, is not ready. */
const isAnswer = (error: ServiceError | CouchError): error is CouchError => {
  if (!(error instanceof CouchError)) return false;
  if (error.statusCode === 404) return error.reason === 'missing' || error.reason === 'deleted';
  return error.statusCode !== 401 && error.statusCode !== 403;
};

/** Throws a CouchError or ServiceError, also when there is no database. */
const readCompleteness = async ({ database }: Server): Promise<boolean> =>
  (await readCaughtUp(database.couch, database.about))?.isComplete ?? false;

/** `urls` with the data path's credentials, in order of preference. */
export const connectCouchServers = (
  urls: readonly string[],
  about: About,
  timeoutMs: number,
  { log, failovers, signatures }: { log: Logger; failovers: Counter; signatures: DirectorySignatures },
): CouchServers => {
  const servers = urls.map((url) => connect(url, about, timeoutMs, signatures));
  const majority = Math.floor(servers.length / 2) + 1;
  const noServer = (): ServiceError =>
    new ServiceError('unavailable', 'the directory does not answer', { retryAfterMs: PROBE_MS });

  const setUp = (server: Server, up: boolean): void => {
    server.up = up;
    server.changedAt = performance.now();
  };
  /** Whether a server went or came back in the last so many milliseconds. */
  const hasChanged = (ms: number, { changedAt }: Server): boolean => performance.now() - changedAt < ms;

  const markDown = (server: Server, error: ServiceError | CouchError): void => {
    if (!server.up) return;
    setUp(server, false);
    failovers.inc();
    log.warn({ event: 'directory-server-down', server: server.name, err: error }, 'a CouchDB is passed over');
  };
  /** Credentials that were not there yet are being made when a cluster is new: told when they fail again. */
  const noteRefusal = (server: Server): void => {
    if (server.refused) return;
    server.refused = true;
    log.error(
      { event: 'directory-server-refused', server: server.name },
      'a CouchDB refuses the credentials of DIRECTORY_URLS',
    );
  };
  const probe = async (server: Server): Promise<void> => {
    try {
      const complete = await readCompleteness(server);
      if (server.complete && !complete) {
        log.warn(
          { event: 'directory-server-filling', server: server.name },
          'a CouchDB has lost its directory',
        );
      }
      server.complete = complete;
      server.refused = false;
      if (server.up) return;
      setUp(server, true);
      log.info({ event: 'directory-server-up', server: server.name }, 'a CouchDB answers again');
    } catch (thrown) {
      // Still down: asked again in a moment, and seldom when it is of no use.
      const error = toCouchError(thrown);
      if (isRefusal(error)) noteRefusal(server);
      else server.refused = false;
      if (!isAnswer(error)) markDown(server, error);
    }
  };
  let rounds = 0;
  const firstRound = Promise.withResolvers<undefined>();
  const probes = startLoop('directory-probe', log, { intervalMs: PROBE_MS }, async () => {
    rounds += 1;
    await Promise.all(servers.filter(({ refused }) => !refused || rounds % REFUSED_ROUNDS === 0).map(probe));
    firstRound.resolve(undefined);
  });

  /** Those that answer for the directory, in order. */
  const answering = (): Server[] => {
    const up = servers.filter((server) => server.up);
    const complete = up.filter((server) => server.complete);
    return complete.length > 0 || up.length < servers.length ? complete : up;
  };

  /** Null when the server does not answer. */
  const ask = async <T>(
    server: Server,
    operation: (database: Database) => Promise<T>,
  ): Promise<{ answer: T } | null> => {
    try {
      return { answer: await operation(server.database) };
    } catch (thrown) {
      if (thrown instanceof ServiceError) throw thrown;
      const error = toCouchError(thrown);
      if (isAnswer(error)) throw error;
      markDown(server, error);
      return null;
    }
  };

  const named = async (name: string): Promise<Server> => {
    await firstRound.promise;
    const server = servers.find((one) => one.name === name);
    if (!server?.up) throw noServer();
    return server;
  };

  type Asked<T> = {
    /** Of those that could say, in the order of the servers. */
    readonly given: readonly { readonly server: Server; readonly answer: T | null }[];
    /** Why the others could not: they refuse, or cannot read what they have. */
    readonly failures: readonly Error[];
  };

  const found = <T>({ given }: Asked<T>): Answered<T>[] =>
    given.flatMap(({ server, answer }) => (answer === null ? [] : [{ server: server.name, answer }]));

  /** Asks these servers at once. */
  const askAll = async <T>(
    asked: readonly Server[],
    operation: (database: Database) => Promise<T | null>,
  ): Promise<Asked<T>> => {
    const failures: Error[] = [];
    const given = await Promise.all(
      asked.map(async (server) => {
        try {
          const one = await ask(server, operation);
          return one && { server, answer: one.answer };
        } catch (error) {
          if (!(error instanceof ServiceError || error instanceof CouchError)) throw error;
          failures.push(error);
          return null;
        }
      }),
    );
    return { given: given.filter((one) => one !== null), failures };
  };

  /** Asks until most have answered; all while none has it. */
  const askMost = async <T>(operation: (database: Database) => Promise<T | null>): Promise<Asked<T>> => {
    await firstRound.promise;
    const rest = answering();
    let asked: Asked<T> = { given: [], failures: [] };
    for (;;) {
      const isFound = found(asked).length > 0;
      const isFirst = asked.given.length + asked.failures.length === 0;
      const wanted = isFound || isFirst ? majority - asked.given.length : rest.length;
      if (wanted <= 0 || rest.length === 0) return asked;
      const next = await askAll(rest.splice(0, wanted), operation);
      asked = {
        given: [...asked.given, ...next.given],
        failures: [...asked.failures, ...next.failures],
      };
    }
  };

  /** What was found; nothing when enough say that there is none. */
  const sure = <T>(asked: Asked<T>): Answered<T>[] => {
    const { given, failures } = asked;
    const all = found(asked);
    const isMiss = given.length + failures.length === servers.length && given.length >= majority;
    if (all.length === 0 && !isMiss) throw failures[0] ?? noServer();
    return all;
  };

  return {
    run: async (operation) => {
      await firstRound.promise;
      for (const server of answering()) {
        const given = await ask(server, operation);
        if (given) return given.answer;
      }
      throw noServer();
    },
    ask: async (operation) => sure(await askMost(operation)),
    askWhereUp: async (operation) => {
      const asked = await askMost(operation);
      if (asked.given.length === 0) throw asked.failures[0] ?? noServer();
      return found(asked);
    },
    gather: async (operation) => {
      await firstRound.promise;
      if (!servers.some((server) => hasChanged(CATCHING_UP_MS, server)))
        return sure(await askMost(operation));
      const asked = await askAll(answering(), operation);
      const { given } = asked;
      const isSure =
        2 * given.length >= servers.length ||
        given.some(({ server }) => !hasChanged(CATCHING_UP_MS, server)) ||
        !servers.some((server) => hasChanged(STARTING_MS, server));
      if (given.length === 0 || !isSure) throw noServer();
      return sure(asked);
    },
    carry: async (read, write) => {
      if (servers.length < COPIES) return;
      await firstRound.promise;
      const { given } = await askAll(answering(), async (database) => ({ found: await read(database) }));
      const all = given.flatMap(({ server, answer }) =>
        answer === null ? [] : [{ server: server.name, answer: answer.found }],
      );
      const take = async (database: Database): Promise<true> => {
        await write(database, all);
        return true;
      };
      let copies = 0;
      for (const { server } of given) {
        copies += (await askAll([server], take)).given.length;
        if (copies === COPIES) return;
      }
      log.warn({ event: 'directory-single-copy' }, 'a change of the directory is at one CouchDB alone');
    },
    names: servers.map(({ name }) => name),
    isUp: (name) => servers.some((server) => server.name === name && server.up),
    current: () => (answering()[0] ?? servers[0])?.name ?? '',
    on: async (name, operation) => {
      const server = await named(name);
      const given = await ask(server, operation);
      if (given === null) throw noServer();
      return given.answer;
    },
    changes: async (name, query, signal) => {
      const server = await named(name);
      try {
        return await server.changes(name, query, signal);
      } catch (thrown) {
        const error = toCouchError(thrown);
        if (!isAnswer(error) && !signal.aborted) markDown(server, error);
        throw error;
      }
    },
    states: () => {
      const inUse = answering();
      return servers.map((server) => {
        const { name, up, refused } = server;
        return { url: name, up, refused, filling: up && !inUse.includes(server) };
      });
    },
    [Symbol.asyncDispose]: async () => {
      await probes[Symbol.asyncDispose]();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
};
