import { readFile } from 'node:fs/promises';
import type { World } from '../world/world.ts';

/** Resident memory of a process; null where the system does not say. */
const residentBytes = async (pid: number): Promise<number | null> => {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? null : Number(kibibytes) * 1_024;
  } catch {
    return null;
  }
};

/** Notes what each process that runs has in memory; of a browser its first process. */
export const noteMemory = async (world: World): Promise<void> => {
  const all = [
    ...world.cluster.parts.processes.map(({ name, pid }) => ({ who: name, pid })),
    ...world.devices().map(({ name, process }) => ({ who: name, pid: process.pid() })),
  ];
  for (const { who, pid } of all) {
    const bytes = pid === undefined ? null : await residentBytes(pid);
    if (bytes !== null) world.note({ type: 'memory', who, bytes });
  }
};
