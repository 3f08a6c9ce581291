import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Job, JobResult } from './job.ts';

export type Generator = AsyncDisposable & {
  /** Does one job; answers when its last request has been answered. Preparing it is not in the time. */
  readonly run: (job: Job) => Promise<JobResult>;
};

/** Starts a load generator: a process of its own, so that it shares no event loop with what it measures. */
export const startGenerator = (): Generator => {
  const child = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)));
  const ended = once(child, 'exit');
  return {
    run: async (job) => {
      const answered = once(child, 'message');
      child.send(job);
      const early = ended.then(() => {
        throw new Error('the load generator has ended');
      });
      const [answer] = (await Promise.race([answered, early])) as [{ result: JobResult } | { error: string }];
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    },
    [Symbol.asyncDispose]: async () => {
      child.disconnect();
      await ended;
    },
  };
};
