import type { GatheringTask } from './gathering.ts';
import { startLoadProcess, type LoadProcess } from './load-process.ts';

export type Gathering = LoadProcess<GatheringTask, null>;

/** Sockets of many devices, which do nothing but be there, all in one process. */
export const startGathering = (): Gathering => startLoadProcess(new URL('./gathering.ts', import.meta.url));
