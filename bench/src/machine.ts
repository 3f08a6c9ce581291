import { availableParallelism, cpus, totalmem } from 'node:os';

/** What the figures depend on beside the code. */
export type Machine = {
  readonly node: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly platform: string;
};

export const machine = (): Machine => ({
  node: process.version,
  cores: availableParallelism(),
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
});
