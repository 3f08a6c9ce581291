import { startLoadProcess, type LoadProcess } from './load-process.ts';
import type { Returned, ReturningTask } from './returning.ts';

/** Devices of one process, which are connected and come back when their master ends. */
export const startReturning = (): LoadProcess<ReturningTask, Returned> =>
  startLoadProcess(new URL('./returning.ts', import.meta.url));
