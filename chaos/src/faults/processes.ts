import { kill as signal } from 'node:process';
import type { ClusterProcess } from '@restante/scripts/cluster';
import type { World } from '../world/world.ts';
import { pick, type Fault } from './fault.ts';

/** Deaths and pauses of the services. */

const parts = ({ cluster }: World): readonly ClusterProcess[] => {
  const { couches, mailboxNodes, masters } = cluster.parts;
  return [...couches, ...mailboxNodes, ...masters];
};

/** One that cannot become ready now is started by whoever heals everything. */
const startSoon = (process: ClusterProcess): void => void process.start().catch(() => undefined);

const death = (name: string, weight: number, how: NodeJS.Signals): Fault => ({
  name,
  weight,
  begin: async (world, [which]) => {
    const process = pick(parts(world), which);
    if (process === undefined) return null;
    await process.kill(how);
    return {
      on: process.name,
      end: () => {
        startSoon(process);
        return Promise.resolve();
      },
    };
  },
});

export const killed = death('killed', 10, 'SIGKILL');
export const terminated = death('terminated', 4, 'SIGTERM');

/** It is there and does nothing: connections stay, and nobody answers. */
export const stopped: Fault = {
  name: 'stopped',
  weight: 5,
  begin: async (world, [which]) => {
    const process = pick(parts(world), which);
    const pid = process?.pid;
    if (process === undefined || pid === undefined) return null;
    signal(pid, 'SIGSTOP');
    return Promise.resolve({
      on: process.name,
      end: () => {
        if (process.pid === pid) signal(pid, 'SIGCONT');
        return Promise.resolve();
      },
    });
  },
};
