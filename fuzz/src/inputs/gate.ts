import type { Endpoint } from '../surface/endpoints.ts';
import { isObject, textOf, type Json, type JsonObject } from '../values/json.ts';
import type { Known } from '../values/shape.ts';
import { drawMail } from './document.ts';
import type { Draft } from './draft.ts';
import type { World } from './world.ts';

/** What replication says at the gate of the mesh: words of CouchDB's, of which the protocol has no schema. */

export const isOfGate = ({ credential }: Endpoint): boolean =>
  credential === 'reader' || credential === 'mesh';

const drawCarried = (world: World, draft: Draft): JsonObject[] => {
  const { documents } = drawMail(world, draft);
  return [...documents, ...(draft.chance(20) ? world.canaries.slice(0, 1) : [])].filter(isObject);
};

/** What the path and the query of a call can name. */
export const knownAtGate = (world: World, draft: Draft): Known => {
  const { random } = draft;
  return {
    database: world.databases.bucket,
    peer: random.pick(world.gates).name,
    id: textOf(random.pick([...world.canaries, ...drawCarried(world, draft)]), '_id'),
    feed: 'continuous',
    since: random.pick(['0', 'now']),
    limit: '0',
  };
};

/** Null: none is sent. */
export const gateBodyOf = ({ method, path }: Endpoint, world: World, draft: Draft): Json => {
  if (method === 'GET') return null;
  const documents = drawCarried(world, draft);
  switch (path.split('/').at(-1)) {
    case '_bulk_docs':
      return { new_edits: false, docs: documents };
    case '_revs_diff':
      return Object.fromEntries(
        documents.map((document) => [textOf(document, '_id'), [textOf(document, '_rev')]]),
      );
    case '_bulk_get':
      return {
        docs: documents.map((document) => ({ id: textOf(document, '_id'), rev: textOf(document, '_rev') })),
      };
    case '_changes':
      return { selector: { senderId: { $exists: true } } };
    default:
      return { session_id: 'fuzz', history: [] };
  }
};
