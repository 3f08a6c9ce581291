import type { Logger, Loop, SetAside } from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import { startCarriers } from './couch-carriers.ts';
import { createConflictResolver } from './couch-conflict-resolver.ts';
import type { DirectoryReader } from './couch-directory-reader.ts';
import { startRestorer } from './couch-restorer.ts';
import type { CouchServers } from './couch-servers.ts';
import { startSigningAgain } from './couch-signing-again.ts';
import { createUpdates } from './couch-updates.ts';
import { startDirectoryWatch } from './couch-watch.ts';
import type { DirectoryFault } from './directory-faults.ts';
import type { DirectorySignatures } from './directory-signatures.ts';

type Options = {
  readonly log: Logger;
  readonly reader: DirectoryReader;
  readonly signatures: DirectorySignatures;
  readonly setAside: SetAside<DirectoryFault>;
  readonly metrics: Pick<Metrics, 'conflicts' | 'tampered' | 'restored' | 'signedEarlier'>;
  readonly now: () => number;
  /** How long a fault is left alone before it is mended. */
  readonly settledMs?: number;
};

/**
 * What a master does for the directory unasked: it watches each CouchDB, resolves, restores, carries from each to each, and signs
 * again what an earlier key has signed.
 */
export const startDirectoryKeeping = (
  servers: CouchServers,
  { log, reader, signatures, setAside, metrics, now, settledMs }: Options,
): Loop[] => {
  const options = { log, setAside, ...metrics };
  const restorer = startRestorer(servers, { ...options, ...(settledMs === undefined ? {} : { settledMs }) });
  const updates = createUpdates(servers, reader, now);
  const resolver = createConflictResolver(servers, { log, resolved: metrics.conflicts, reader, updates });
  const watches = servers.names.map((server) =>
    startDirectoryWatch(servers, server, { ...options, resolver, restorer }),
  );
  const signingAgain = signatures.hasEarlierKeys
    ? [startSigningAgain(servers, { log, left: metrics.signedEarlier })]
    : [];
  return [...startCarriers(servers, log), ...watches, restorer, ...signingAgain];
};
