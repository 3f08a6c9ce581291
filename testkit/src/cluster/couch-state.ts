import { isDeepStrictEqual } from 'node:util';
import { askCouch } from '../couch.ts';

/** What a CouchDB server holds, read by its HTTP API as an operator would: the witness of the cluster's tests. */

/** Leaf revisions of a document, deleted ones too, sorted. More than one is a conflict, past or present. */
export type Leaves = readonly string[];

/** Whether a leaf is no tombstone. */
export const isLive = (leaf: string): boolean => !leaf.endsWith(' deleted');

type ChangesAnswer = {
  readonly results: readonly {
    readonly id: string;
    readonly deleted?: boolean;
    readonly changes: readonly { readonly rev: string }[];
  }[];
};

const ask = async (serverUrl: string, path: string): Promise<unknown> => {
  const { status, body } = await askCouch(serverUrl, path);
  if (status !== 200) throw new Error(`${status} for ${path}`);
  return body;
};

const isMessage = (id: string): boolean => !id.startsWith('canary:') && !id.startsWith('_');

/** Names of the server's databases that start with `prefix` and are not its own. */
export const databasesOf = async (serverUrl: string, prefix = ''): Promise<string[]> =>
  ((await ask(serverUrl, '_all_dbs')) as string[]).filter(
    (name) => name.startsWith(prefix) && !name.startsWith('_'),
  );

/** How far the changes of each of a server's databases had come. Of one that was created anew since it says nothing. */
export type Place = ReadonlyMap<string, { readonly sequence: string; readonly instance: string }>;

const lookAt = async (serverUrl: string, database: string) => {
  const info = (await ask(serverUrl, database)) as {
    readonly update_seq: string | number;
    readonly instance_start_time: string;
  };
  return { sequence: String(info.update_seq), instance: info.instance_start_time };
};

export const placeOf = async (serverUrl: string, prefix = ''): Promise<Place> =>
  new Map(
    await Promise.all(
      (await databasesOf(serverUrl, prefix)).map(
        async (database) => [database, await lookAt(serverUrl, database)] as const,
      ),
    ),
  );

type Change = ChangesAnswer['results'][number];

/** What of a database has changed since a place, each document once, with all its leaves. */
const changesOf = async (serverUrl: string, database: string, since?: Place): Promise<readonly Change[]> => {
  const known = since?.get(database);
  const isSame = known !== undefined && (await lookAt(serverUrl, database)).instance === known.instance;
  const from = isSame ? `&since=${encodeURIComponent(known.sequence)}` : '';
  return ((await ask(serverUrl, `${database}/_changes?style=all_docs${from}`)) as ChangesAnswer).results;
};

/** Leaf revisions of the documents of a database that have changed since a place. */
export const leavesOf = async (
  serverUrl: string,
  database: string,
  since?: Place,
): Promise<Map<string, Leaves>> =>
  new Map(
    (await changesOf(serverUrl, database, since)).map(({ id, deleted, changes }) => [
      id,
      changes.map(({ rev }) => (deleted ? `${rev} deleted` : rev)).sort(),
    ]),
  );

/**
 * Leaf revisions of every envelope, waiting or deleted, in all buckets of a server; a tombstone's end in ` deleted`. `since`: of those that
 * have changed since.
 */
export const envelopesOf = async (
  serverUrl: string,
  prefix = '',
  since?: Place,
): Promise<Map<string, Leaves>> => {
  const envelopes = new Map<string, Leaves>();
  for (const database of await databasesOf(serverUrl, `${prefix}messages-`)) {
    for (const [id, leaves] of await leavesOf(serverUrl, database, since))
      if (isMessage(id)) envelopes.set(id, leaves);
  }
  return envelopes;
};

/**
 * Whether servers hold the same mail: what lives on one lives on each, with the same leaves. What is deleted on one may be unknown to
 * another: a deletion is of what is there, and the mesh carries none.
 */
export const isSameMail = (held: readonly ReadonlyMap<string, Leaves>[]): boolean => {
  const livingOn = (each: ReadonlyMap<string, Leaves>): Map<string, Leaves> =>
    new Map([...each].filter(([, leaves]) => leaves.some(isLive)));
  const [first, ...others] = held.map(livingOn);
  return others.every((other) => isDeepStrictEqual(other, first));
};

/** Ids of the envelopes that wait on a server. */
export const waitingOf = async (serverUrl: string, prefix = ''): Promise<string[]> =>
  [...(await envelopesOf(serverUrl, prefix))].filter(([, leaves]) => leaves.some(isLive)).map(([id]) => id);

/** Those of the documents that have several revisions which live. */
const contradicting = async (
  serverUrl: string,
  database: string,
  ids: readonly string[],
): Promise<string[]> => {
  if (ids.length === 0) return [];
  const { status, body } = await askCouch(
    serverUrl,
    `${database}/_all_docs?include_docs=true&conflicts=true`,
    'POST',
    { keys: ids },
  );
  if (status !== 200) throw new Error(`${status} for documents of ${database}`);
  const { rows } = body as {
    readonly rows: readonly {
      readonly id?: string;
      readonly doc?: { readonly _conflicts?: readonly string[] } | null;
    }[];
  };
  return rows.flatMap(({ id, doc }) => (id !== undefined && doc?._conflicts?.length ? [id] : []));
};

/**
 * `database/id` of every document of a server with revisions that contradict each other, and ids of envelopes with more than one, dead or
 * alive. `since`: of those that have changed since.
 */
export const conflictsOf = async (serverUrl: string, prefix = '', since?: Place): Promise<string[]> => {
  const conflicts: string[] = [];
  for (const database of await databasesOf(serverUrl, prefix)) {
    const several = (await changesOf(serverUrl, database, since)).filter(({ changes }) => changes.length > 1);
    const ids = several.map(({ id }) => id);
    conflicts.push(...(await contradicting(serverUrl, database, ids)).map((id) => `${database}/${id}`));
    if (database.startsWith(`${prefix}messages-`)) conflicts.push(...ids.filter(isMessage));
  }
  return conflicts;
};
