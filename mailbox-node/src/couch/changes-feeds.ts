import { CouchError, startLoop, type Logger, type Loop, type CouchAddress } from '@restante/service-kit';
import { Agent, request } from 'undici';
import { z } from 'zod';

/**
 * Continuous changes feeds. They use undici and not nano: nano's streams end the process when a connection breaks
 * off in the middle (nano 11.0.7, an unhandled `error` of the body).
 */

/** A document that has changed, with the revisions of all its leaves. `deleted`: none of them lives. */
export type Change = {
  readonly id: string;
  readonly seq: unknown;
  readonly deleted: boolean;
  readonly revs: readonly string[];
};

/** The feeds of a set of databases. Sequences are opaque: they are only handed back to the CouchDB they came from. */
export type ChangesFeeds = AsyncDisposable & {
  /** Follows these databases from now on, and no others. */
  readonly follow: (databases: readonly string[]) => Promise<void>;
  /** Whether every followed database has a known place from which nothing will be missed. */
  readonly isComplete: () => boolean;
};

const HEARTBEAT_MS = 3_000;
const SILENCE_MS = 10_000;
const RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;
/** A line is as long as the id and the leaves of one document. A longer one is passed over. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

const record = z.object({
  id: z.string(),
  seq: z.unknown(),
  deleted: z.boolean().default(false),
  changes: z.array(z.object({ rev: z.string() })),
});

/** The change in a line of a feed; null for what is none, such as the feed's last line. */
const readChange = (line: string): Change | null => {
  const { data } = record.safeParse(JSON.parse(line));
  if (data === undefined) return null;
  return { id: data.id, seq: data.seq, deleted: data.deleted, revs: data.changes.map(({ rev }) => rev) };
};

type Feed = Loop & { readonly hasStart: () => boolean };

/** `onChanges` gets changes in order; when it throws, it gets them again. */
export const createChangesFeeds = ({
  log,
  address,
  onChanges,
}: {
  readonly log: Logger;
  readonly address: CouchAddress;
  readonly onChanges: (database: string, changes: readonly Change[]) => Promise<void>;
}): ChangesFeeds => {
  const agent = new Agent({
    connect: { timeout: 2_000 },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    connections: null,
  });
  const authorization = `Basic ${Buffer.from(`${address.username}:${address.password}`).toString('base64')}`;
  const feeds = new Map<string, Feed>();

  const open = async (database: string, query: Record<string, string>, signal: AbortSignal) => {
    const url = `${address.url}/${encodeURIComponent(database)}/_changes?${new URLSearchParams(query).toString()}`;
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      headers: { authorization },
      signal,
    });
    if (statusCode === 200) return body;
    await body.dump();
    throw new CouchError(statusCode, 'the changes feed was refused');
  };

  const onTooLong = (database: string): void =>
    log.warn(
      { event: 'change-too-long', database },
      'a change with too many leaves, or too long an id, is passed over',
    );

  const startFeed = (database: string): Feed => {
    /** JSON of the sequence up to which changes have been handed on. */
    let since: string | null = null;

    const readNow = async (signal: AbortSignal): Promise<string> => {
      const body = await open(database, { since: 'now', limit: '1' }, signal);
      const { last_seq: last } = (await body.json()) as { last_seq: unknown };
      return sequenceText(last);
    };

    const handOn = async (lines: readonly string[]): Promise<void> => {
      const changes = lines.flatMap((line) => (line === '' ? [] : (readChange(line) ?? [])));
      const last = changes.at(-1);
      if (last === undefined) return;
      await onChanges(database, changes);
      since = sequenceText(last.seq);
    };

    const loop = startLoop(
      `changes of ${database}`,
      log,
      { intervalMs: RETRY_MS, maxBackoffMs: MAX_RETRY_MS },
      async (signal) => {
        let isOpen = false;
        try {
          since ??= await readNow(signal);
          const heartbeat = String(HEARTBEAT_MS);
          const query = { feed: 'continuous', style: 'all_docs', since, heartbeat };
          const body = await open(database, query, signal);
          isOpen = true;
          for await (const lines of linesOf(body.setEncoding('utf8'), () => onTooLong(database))) {
            await handOn(lines);
          }
        } catch (error) {
          // A database that is not there will be a new one: all of it is news.
          if (error instanceof CouchError && error.statusCode === 404) since = '0';
          if (!isOpen) throw error;
          // The end of a feed that ran is no failed try: it is opened again at once.
          log.debug({ event: 'changes-ended', database, err: error }, 'changes feed ended');
        }
      },
    );
    return { ...loop, hasStart: () => since !== null };
  };

  return {
    follow: async (databases) => {
      for (const database of databases) {
        if (!feeds.has(database)) feeds.set(database, startFeed(database));
      }
      for (const [database, feed] of feeds) {
        if (databases.includes(database)) continue;
        feeds.delete(database);
        await feed[Symbol.asyncDispose]();
      }
    },
    isComplete: () => feeds.size > 0 && [...feeds.values()].every((feed) => feed.hasStart()),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...feeds.values()].map((feed) => feed[Symbol.asyncDispose]()));
      await agent.destroy();
    },
  };
};

/** Whole lines of a stream, as they come. One that is too long is left out, and told of. */
async function* linesOf(chunks: AsyncIterable<unknown>, onTooLong: () => void): AsyncGenerator<string[]> {
  let rest = '';
  let isTooLong = false;
  for await (const chunk of chunks) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (isTooLong && lines.length > 0) {
      lines.shift();
      isTooLong = false;
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      if (!isTooLong) onTooLong();
      isTooLong = true;
      rest = '';
    }
    yield lines;
  }
}

/** A sequence as it goes into a query: text as it is, anything else (CouchDB 1.x numbers, arrays) as JSON. */
const sequenceText = (sequence: unknown): string =>
  typeof sequence === 'string' ? sequence : JSON.stringify(sequence);
