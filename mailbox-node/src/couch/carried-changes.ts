import { bucketKindOf } from '@restante/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isCarriedId } from '../mesh/mesh-rule.ts';
import type { Passage } from './passage.ts';

/**
 * A bucket's changes for the mesh, as lines of a continuous feed: what it carries there and is not deleted. They come in steps, at most one
 * each `patienceMs`: every time that CouchDB hands on a change costs it as much as handing on hundreds, for each who listens anew. And
 * it would read each document to filter it: what is not for the mesh is seen by its id. A step without any is an empty line, by which its
 * reader knows that somebody is there. `signal` ends them, and lets go of CouchDB at once: each who listens holds a connection to it.
 *
 * @throws ServiceError `unavailable`, or CouchError with CouchDB's status; anything once `signal` is aborted
 */
export async function* carriedChanges({
  passage,
  database,
  since,
  patienceMs,
  signal,
}: {
  readonly passage: Passage;
  readonly database: string;
  /** A sequence of CouchDB's. */
  readonly since: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}): AsyncGenerator<string> {
  const read = async (query: Readonly<Record<string, string>>) => {
    const asked = new URLSearchParams({ ...query, style: 'all_docs' });
    return page.parse(
      await passage.ask(`/${encodeURIComponent(database)}/_changes?${asked.toString()}`, signal),
    );
  };
  let from = since;
  while (!signal.aborted) {
    const { results, last_seq } = await read({ since: from, limit: String(ROWS_PER_READ) });
    from = last_seq;
    yield `${results
      .filter((row) => isCarried(database, row))
      .map((row) => JSON.stringify(row))
      .join('\n')}\n`;
    if (results.length === ROWS_PER_READ) continue;
    await read({ since: from, limit: '1', feed: 'longpoll', timeout: String(LISTEN_MS) });
    await sleep(patienceMs, undefined, { signal });
  }
}

const ROWS_PER_READ = 1_000;
/** Less than anybody waits for a line or an answer. */
const LISTEN_MS = 5_000;

const change = z.looseObject({ id: z.string(), deleted: z.boolean().optional() });
const page = z.object({
  results: z.array(change),
  last_seq: z.union([z.string(), z.number()]).transform(String),
});

/** Whether a change of this bucket is one for the mesh. */
export const isCarried = (
  database: string,
  { id, deleted }: { readonly id: string; readonly deleted?: boolean | undefined },
): boolean => {
  const kind = bucketKindOf(database);
  return deleted !== true && kind !== null && isCarriedId(kind, id);
};
