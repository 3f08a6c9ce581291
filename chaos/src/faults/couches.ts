import { setTimeout as sleep } from 'node:timers/promises';
import { buckets, LIMITS } from '@restante/protocol';
import { askCouch } from '@restante/testkit';
import type { World } from '../world/world.ts';

/** The CouchDBs by their HTTP API, as whoever has one can ask it. */

const BUCKET_DAYS = 10;
const PATIENCE_MS = 2_000;

/** The bucket of today at one of them. */
export type Bucket = {
  /** Of the node. */
  readonly name: string;
  readonly adminUrl: string;
  readonly database: string;
  readonly ask: (path: string, method?: string, body?: object) => ReturnType<typeof askCouch>;
};

export const bucketsOf = ({ cluster: { parts } }: World): Bucket[] => {
  const database = parts.databasePrefix + buckets(BUCKET_DAYS, LIMITS.messageTtlMs).nameAt(Date.now());
  return parts.couchServers.map(({ name, adminUrl }) => ({
    name,
    adminUrl,
    database,
    ask: (path, method, body) => askCouch(adminUrl, `${database}/${path}`, method, body),
  }));
};

/** Null when it takes too long, or fails: such a server may be dead or stopped. */
export const soon = async <T>(act: Promise<T>): Promise<T | null> =>
  Promise.race([act.catch(() => null), sleep(PATIENCE_MS, null)]);

/** `ended`: resolves when the server has done it or never will. */
export const write = (
  { ask }: Pick<Bucket, 'ask'>,
  ...docs: readonly object[]
): { isDone: Promise<boolean>; ended: Promise<unknown> } => {
  const asked = ask('_bulk_docs', 'POST', { docs, new_edits: false });
  return {
    isDone: soon(asked).then((answer) => answer !== null && answer.status < 300),
    ended: asked.catch(() => null),
  };
};
