import { isReplicationAsDesired, type ReplicationDocument, type WantedPull } from './wanted.ts';

/** The mesh as it is against the mesh as it should be, for one node. Pure. */

/** A document of `_replicator` as it was read. */
export type StoredReplication = Readonly<Record<string, unknown>> & {
  readonly _id: string;
  readonly _rev: string;
};

/** One thing to do on a node to make its pulls the wanted ones. */
export type MeshStep = {
  readonly id: string;
  /** `restart`: the document is right, but its job waits for long, or has given up. */
  readonly action: 'create' | 'repair' | 'restart' | 'remove';
  /** What is in its way. */
  readonly stored: StoredReplication | null;
  /** What is to be there. Null to remove. */
  readonly desired: ReplicationDocument | null;
};

export type ComparedPull = WantedPull & {
  /** A state of CouchDB's scheduler; `missing` or `different` when the document is. */
  readonly state: string;
  /** What would make it right; null when nothing is to be done. */
  readonly step: MeshStep | null;
};

/** States in which CouchDB waits before it tries again, up to hours, or has given up. */
const STUCK = new Set(['crashing', 'error', 'failed']);

/** `stored` and `states` by the documents' ids. */
export const comparePulls = (
  wanted: readonly WantedPull[],
  stored: ReadonlyMap<string, StoredReplication>,
  states: ReadonlyMap<string, string>,
): ComparedPull[] =>
  wanted.map((pull) => {
    const { document } = pull;
    const { _id: id } = document;
    const found = stored.get(id) ?? null;
    const step = (action: MeshStep['action']): MeshStep => ({ id, action, stored: found, desired: document });
    if (found === null) return { ...pull, state: 'missing', step: step('create') };
    if (!isReplicationAsDesired(found, document))
      return { ...pull, state: 'different', step: step('repair') };
    const state = states.get(id) ?? 'initializing';
    return { ...pull, state, step: STUCK.has(state) ? step('restart') : null };
  });

/** What takes away the stored replications that nothing needs, of those that `isOurs` names. */
export const needlessPulls = (
  wanted: readonly WantedPull[],
  stored: ReadonlyMap<string, StoredReplication>,
  isOurs: (id: string) => boolean,
): MeshStep[] => {
  const ids = new Set(wanted.map(({ document }) => document._id));
  return [...stored.values()]
    .filter(({ _id }) => !ids.has(_id) && isOurs(_id))
    .map((found) => ({ id: found._id, action: 'remove', stored: found, desired: null }));
};
