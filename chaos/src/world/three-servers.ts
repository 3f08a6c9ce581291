import { delayHindrance, namespaceHindrance, startServers, type Server } from '@restante/testkit/servers';
import type { ChaosCluster, ChaosClusterOptions } from './chaos-cluster.ts';
import { describeExit } from './exit.ts';

const nameOf = ({ number }: Server): string => `server${number}`;

/**
 * A cell of three servers, each a network namespace with processes of its own. Every third device has the same usual server.
 *
 * @throws Error when this process may have no network namespaces
 */
export const startThreeServers = async ({
  environment,
  onCrash,
}: Omit<ChaosClusterOptions, 'masters'>): Promise<ChaosCluster> => {
  const hindrance = await namespaceHindrance();
  if (hindrance !== null) throw new Error(hindrance);
  const lateness = await delayHindrance();
  const servers = await startServers({
    environment,
    onExit: (name, exit, expected) => {
      if (!expected) onCrash(name, describeExit(exit));
    },
  });
  const { all, folder } = servers;
  const numbers = all.map(({ number }) => number);
  const origins = all.map(({ origin }) => origin);
  const setClock = async (name: string, shiftMs: number): Promise<void> => {
    const owner = all.find((server) => nameOf(server) === name);
    if (owner === undefined) throw new RangeError(`there is no ${name}`);
    await owner.clock.set(shiftMs);
  };
  return {
    dataDir: folder,
    parts: {
      processes: all.flatMap(({ processes }) => processes),
      couches: all.map(({ couch }) => couch),
      mailboxNodes: all.map(({ mailboxNode }) => mailboxNode),
      masters: all.map(({ master }) => master),
      buses: all.map(({ bus }) => bus),
      couchServers: all.map(({ addresses }) => addresses),
      databasePrefix: '',
    },
    entrances: (device) => {
      const usual = device % origins.length;
      return [...origins.slice(usual), ...origins.slice(0, usual)];
    },
    envelopes: servers.envelopes,
    isCaughtUp: servers.isCaughtUp,
    clocks: all.map(nameOf),
    setClock,
    heal: async () => {
      await servers.join();
      for (const server of all) await setClock(nameOf(server), 0);
      await servers.start(...numbers);
      // A node whose clock had been ahead is not complete before that time has come, or an operator says so.
      await servers.together();
    },
    missing: lateness === null ? [] : [`${lateness}: nothing between servers comes late`],
    machine: null,
    servers,
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
};
