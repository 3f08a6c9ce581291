import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createBusServer,
  holdPorts,
  newPassword,
  withCredentials,
  type ClusterProcess,
} from '@restante/scripts/cluster';

/** Real NATS servers, joined by routes. */
export type NatsServers = AsyncDisposable & {
  readonly servers: readonly ClusterProcess[];
  /** With credentials, in the order of the servers. */
  readonly urls: readonly string[];
};

type Options = {
  /** False for servers that are not there yet, on ports that are theirs. */
  readonly isStarted?: boolean;
  /** For masters, not between the servers. */
  readonly tls?: { readonly certificate: string; readonly key: string };
};

export const startNatsServers = async (
  count: number,
  { isStarted = true, tls }: Options = {},
): Promise<NatsServers> => {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'restante-nats-'));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const credentials = { user: 'master', password: newPassword() };
  const held = await holdPorts(2 * count);
  const [ports, routes] = [held.ports.slice(0, count), held.ports.slice(count)];
  const servers = ports.map((port, index) => {
    const own = routes[index] ?? 0;
    const others = routes.filter((other) => other !== own).map((other) => `127.0.0.1:${other}`);
    const cluster = { port: own, others };
    return createBusServer({
      name: `nats${index + 1}`,
      port,
      folder,
      logFile: join(folder, `nats${index + 1}.log`),
      onExit: () => undefined,
      credentials,
      ...(tls && { tls }),
      ...(count > 1 && { cluster }),
    });
  });
  starting.defer(async () => {
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
  });
  await held[Symbol.asyncDispose]();
  if (isStarted) await Promise.all(servers.map((server) => server.start()));
  const cleanup = starting.move();
  return {
    servers,
    urls: ports.map((port) => withCredentials(`nats://127.0.0.1:${port}`, credentials)),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
