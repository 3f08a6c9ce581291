import { createSetAside, type Logger } from '@restante/service-kit';
import { createMetrics } from '../metrics.ts';
import type { Config } from '../config.ts';
import { createDirectoryReader } from './couch-directory-reader.ts';
import { createInvites, type Invites } from './couch-invites.ts';
import { connectCouchServers } from './couch-servers.ts';
import { createUpdates } from './couch-updates.ts';
import { DIRECTORY_FAULTS } from './directory-faults.ts';
import { createDirectorySignatures } from './directory-signatures.ts';

/** The invite codes of a directory, for who has a master's key of it. @throws ConfigError */
export const openInvites = ({
  directory,
  log,
}: Pick<Config, 'directory'> & { readonly log: Logger }): Invites & AsyncDisposable => {
  const { failovers } = createMetrics([]);
  const signatures = createDirectorySignatures(directory);
  const about = { node: directory.node, database: directory.database };
  const servers = connectCouchServers(directory.urls, about, directory.timeoutMs, {
    log,
    failovers,
    signatures,
  });
  const reader = createDirectoryReader(createSetAside(log, DIRECTORY_FAULTS));
  return {
    ...createInvites(servers, reader, createUpdates(servers, reader, Date.now), Date.now),
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
};
