import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Free ports of this machine. Nobody else takes them until disposal. */
export type HeldPorts = AsyncDisposable & { readonly ports: readonly number[] };

/** Below those that systems give to whoever asks for any: between the end of holding one and its use nobody comes upon it by chance. */
const [FIRST, END] = [20_000, 32_000];

const hold = (port: number): Promise<Server | null> => {
  const server = createServer().listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => null,
  );
};

/** For services that must know each other's ports before they start. */
export const holdPorts = async (count: number): Promise<HeldPorts> => {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(FIRST, END);
    const server = await hold(port);
    if (server !== null) held.set(port, server);
  }
  return {
    ports: [...held.keys()],
    [Symbol.asyncDispose]: async () => {
      const servers = [...held.values()];
      held.clear();
      await Promise.all(servers.map((server) => once(server.close(), 'close')));
    },
  };
};
