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

/** Leaf revisions of every envelope, waiting or deleted, in all buckets of a server; a tombstone's end in ` deleted`. */
export const envelopesOf = async (serverUrl: string, prefix = ''): Promise<Map<string, Leaves>> => {
  const envelopes = new Map<string, Leaves>();
  for (const database of await databasesOf(serverUrl, `${prefix}messages-`)) {
    const { results } = (await ask(serverUrl, `${database}/_changes?style=all_docs`)) as ChangesAnswer;
    for (const { id, deleted, changes } of results.filter((change) => isMessage(change.id))) {
      envelopes.set(id, changes.map(({ rev }) => (deleted ? `${rev} deleted` : rev)).sort());
    }
  }
  return envelopes;
};

/** Ids of the envelopes that wait on a server. */
export const waitingOf = async (serverUrl: string, prefix = ''): Promise<string[]> =>
  [...(await envelopesOf(serverUrl, prefix))].filter(([, leaves]) => leaves.some(isLive)).map(([id]) => id);

/** `database/id` of every document of a server with revisions that contradict each other. */
export const conflictsOf = async (serverUrl: string, prefix = ''): Promise<string[]> => {
  const conflicts: string[] = [];
  for (const database of await databasesOf(serverUrl, prefix)) {
    const { rows } = (await ask(serverUrl, `${database}/_all_docs?include_docs=true&conflicts=true`)) as {
      readonly rows: readonly {
        readonly id: string;
        readonly doc: { readonly _conflicts?: readonly string[] };
      }[];
    };
    conflicts.push(...rows.filter(({ doc }) => doc._conflicts?.length).map(({ id }) => `${database}/${id}`));
  }
  for (const [id, leaves] of await envelopesOf(serverUrl, prefix)) {
    if (leaves.length !== 1) conflicts.push(id);
  }
  return conflicts;
};
