/** The composition root of the embedded server. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authentication, type AdminCredentials } from './access/authentication.ts';
import { createApp } from './app.ts';
import { endUnread } from './http/unread-request.ts';
import { noLog, type Log } from './log.ts';
import { defaultRetryMs } from './replicator/job.ts';
import { Replicator } from './replicator/replicator.ts';
import { Databases, usersDatabase } from './storage/databases.ts';

export interface EmbeddedCouchConfig {
  /** Folder of all data; created if need be. One process at a time. */
  dataDir: string;
  /** 0 for any free one. */
  port: number;
  /** Default 127.0.0.1. */
  host?: string;
  admin: AdminCredentials;
  /** How long a replication waits after a first failure. Default 100 ms; CouchDB's is 30 s. */
  retryMs?: number;
  log?: Log;
}

export interface EmbeddedCouch extends AsyncDisposable {
  /** Without credentials and without a slash at the end. */
  url: string;
  port: number;
}

/** How long requests under way may take when the server stops. */
const stopGraceMs = 3_000;

/** Starts a CouchDB-compatible server on a folder. Disposing of it finishes what was accepted and closes the files. */
export async function startEmbeddedCouch(config: EmbeddedCouchConfig): Promise<EmbeddedCouch> {
  const { dataDir, port, host = '127.0.0.1', admin, retryMs = defaultRetryMs, log = noLog } = config;
  const databases = await Databases.open(dataDir);
  const authentication = new Authentication({
    admin,
    cookieSecret: databases.cookieSecret,
    users: async () => (databases.has(usersDatabase) ? databases.get(usersDatabase) : undefined),
    now: Date.now,
  });
  const replicator = new Replicator(databases, log, retryMs);
  const server = createServer(createApp({ databases, authentication, replicator, log }));
  server.keepAliveTimeout = 65_000;
  server.on('clientError', endUnread);
  try {
    await listen(server, port, host);
  } catch (failure) {
    await replicator.stop();
    await databases.close();
    throw failure;
  }
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    async [Symbol.asyncDispose]() {
      await replicator.stop(); // first: its last records go through this server
      await Promise.all([close(server), databases.endFeeds()]);
      await databases.close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), stopGraceMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
  });
}
