import {
  pseudonym,
  readCheckpoint,
  ServiceError,
  writeCheckpoint,
  type Logger,
  type Loop,
  type SetAside,
} from '@restante/service-kit';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Metrics } from '../metrics.ts';
import { partsOf, readChanges, type KeptPlace } from './couch-changes.ts';
import type { ConflictResolver } from './couch-conflict-resolver.ts';
import { faultOf, isOfMaster, setAsideName } from './couch-directory-reader.ts';
import type { DirectoryFault } from './directory-faults.ts';
import { toLeaf, withHistories } from './couch-documents.ts';
import type { Restorer } from './couch-restorer.ts';
import type { CouchServers } from './couch-servers.ts';
import { bestOf, keeps, liveOf, saysMore, type Live } from './directory-conflicts.ts';
import { parseDirectoryId } from './directory-documents.ts';

/**
 * Looks at everything that changes at one CouchDB of the directory (law 12): sets aside what no master has signed, has contradictions
 * resolved, and what was overwritten, deleted or rolled back put back. Begins with what has changed since the place that was kept.
 * When no leaf is what it should be the conflict stays, is told, and is looked at again at each start.
 */

const CHECKPOINT = 'directory-watched';
const checkpoint = z.object({ unresolved: z.array(z.string()) });
/** Conflicts that stay are kept with the place. While there are more it is not kept: the next start looks at all. */
const MAX_UNRESOLVED = 1_000;
/** Characters of documents of which is known what they were: one that goes back is found. */
const MAX_REMEMBERED = 16_000_000;

type Options = {
  readonly log: Logger;
  readonly resolver: ConflictResolver;
  readonly restorer: Restorer;
  readonly setAside: SetAside<DirectoryFault>;
  readonly tampered: Metrics['tampered'];
};

export const startDirectoryWatch = (
  servers: CouchServers,
  server: string,
  { log, resolver, restorer, setAside, tampered }: Options,
): Loop => {
  const unresolved = new Set<string>();
  const remembered = new LRUCache<string, Live<object>>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: ({ document }, id) => id.length + JSON.stringify(document).length,
  });

  const resolve = async (id: string, leaves: readonly Live<object>[]): Promise<boolean> => {
    try {
      return (await resolver.resolve(server, id, leaves)) !== 'unresolvable';
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      log.error(
        { event: 'conflict-unresolved', server, document: pseudonym(id), err: error },
        'a conflict could not be resolved',
      );
      return false;
    }
  };

  const lookAt = (ids: readonly string[]): Promise<void> =>
    servers.on(server, async (database) => {
      const name = setAsideName(database);
      const found = await withHistories(database, ids);
      for (const id of ids) {
        const kind = parseDirectoryId(id)?.kind;
        if (kind === undefined) continue;
        const leaves = liveOf((found.get(id) ?? []).map(toLeaf));
        const faults = leaves.map((leaf) => faultOf(database, id, leaf));
        const fit = leaves.filter((_leaf, index) => faults[index] === null);
        setAside.clear(name, id);
        unresolved.delete(id);

        const fault = leaves.length === 0 ? 'deleted' : (faults.find((one) => one !== null) ?? null);
        if (leaves.length > 1 && !(await resolve(id, leaves))) {
          setAside.note(name, id, 'unresolvable');
          unresolved.add(id);
        } else if (fault !== null && fault !== 'deleted') setAside.note(name, id, fault);
        for (const one of faults) if (one !== null) tampered.inc({ fault: one });

        const before = remembered.get(id);
        const now = bestOf(kind, fit);
        if (now === null) {
          if (fault !== null && !leaves.some((leaf) => isOfMaster(database, id, leaf)))
            await restorer.add(server, id, fault);
          continue;
        }
        const isKept = before === undefined || fit.some((one) => keeps(kind, before, one));
        if (!isKept && saysMore(kind, fit, before)) {
          setAside.note(name, id, 'rolled-back');
          tampered.inc({ fault: 'rolled-back' });
          await restorer.add(server, id, 'rolled-back');
          continue;
        }
        restorer.drop(server, id);
        remembered.set(id, now);
      }
    });

  const look = async (ids: readonly string[]): Promise<void> => {
    for (const part of partsOf(ids)) await lookAt(part);
  };

  const place: KeptPlace = {
    load: async () => {
      const kept = await servers.on(server, ({ couch, about }) =>
        readCheckpoint(couch, about, CHECKPOINT, checkpoint),
      );
      if (kept === null || !kept.isSound) return null;
      await look(kept.value.unresolved);
      return kept.sequence;
    },
    keep: async (sequence, lives) => {
      if (unresolved.size > MAX_UNRESOLVED) return;
      const value = { unresolved: [...unresolved] };
      await servers.on(server, ({ couch, about }) =>
        writeCheckpoint(couch, about, CHECKPOINT, { sequence, value }, lives.get(server)),
      );
    },
  };

  return readChanges(`watch ${server}`, servers, log, {
    server,
    place,
    onRows: (rows) => look(rows.map(({ id }) => id)),
  });
};
