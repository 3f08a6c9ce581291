import { startTestCluster } from '@restante/testkit/cluster';
import type { ChaosCluster, ChaosClusterOptions } from './chaos-cluster.ts';
import { describeExit } from './exit.ts';

/** Everything is processes on one machine, with a proxy in each link. */
export const startOneMachine = async ({
  masters,
  environment,
  onCrash,
}: ChaosClusterOptions): Promise<ChaosCluster> => {
  const cluster = await startTestCluster({
    masters,
    settings: { couch: environment, mailboxNode: environment, master: environment },
    movableClocks: true,
    slowDisks: true,
    onEvent: (event) => {
      if (event.type === 'exited' && !event.expected) onCrash(event.process.name, describeExit(event.exit));
    },
  });
  const { couches, mailboxNodes, masters: own, buses } = cluster.parts;
  return {
    ...cluster,
    entrances: () => cluster.masters,
    clocks: [...couches, ...mailboxNodes, ...own, ...buses].map(({ name }) => name),
    missing: [],
    machine: cluster,
    servers: null,
  };
};
