import type { Job, JobResult } from './job.ts';
import { startLoadProcess, type LoadProcess } from './load-process.ts';

/** Does one job after the other; answers when its last request has been answered. Preparing it is not in the time. */
export type Generator = LoadProcess<Job, JobResult>;

export const startGenerator = (): Generator => startLoadProcess(new URL('./generator.ts', import.meta.url));
