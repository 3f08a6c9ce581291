import type { CrowdTask } from './crowd-task.ts';
import { startLoadProcess, type LoadProcess } from './load-process.ts';

export type Crowd = LoadProcess<CrowdTask, null>;

/** People with accounts and connections of their own, all in one process. */
export const startCrowd = (): Crowd => startLoadProcess(new URL('./crowd.ts', import.meta.url));
