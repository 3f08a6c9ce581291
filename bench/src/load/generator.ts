/** Process of a load generator: does the jobs that its parent sends, one at a time. */
import type { Job, JobResult } from './job.ts';
import { serveParent } from './load-process.ts';
import { createSender } from './sender.ts';

serveParent(async (job: Job): Promise<JobResult> => {
  await using sender = createSender(job);
  let next = 0;
  const connection = async (): Promise<void> => {
    while (next < job.requests) await sender.send(next++);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: job.connections }, connection));
  return { seconds: (performance.now() - startedAt) / 1000 };
});
