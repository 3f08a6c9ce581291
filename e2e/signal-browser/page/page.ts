import { createPreKeys } from './pre-keys.ts';
import type { Call, PageApi, Reply, WorkerCalls } from './worker-calls.ts';

/** The page's side: hands calls to the worker, and counts its own frames meanwhile. */

const worker = new Worker(new URL('worker.ts', import.meta.url), { type: 'module' });
const waiting = new Map<number, (reply: Reply) => void>();
let calls = 0;

worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
  waiting.get(data.id)?.(data);
  waiting.delete(data.id);
});

const call = <N extends keyof WorkerCalls>(
  name: N,
  argument: Parameters<WorkerCalls[N]>[0],
): Promise<ReturnType<WorkerCalls[N]>> =>
  new Promise((resolve, reject) => {
    const id = (calls += 1);
    waiting.set(id, ({ result, error }) => {
      if (error === undefined) resolve(result as ReturnType<WorkerCalls[N]>);
      else reject(new Error(error));
    });
    worker.postMessage({ id, name, argument } satisfies Call);
  });

/** How many frames the page shows until the work is done. */
const framesDuring = async (work: () => Promise<unknown>): Promise<number> => {
  let frames = 0;
  let isDone = false;
  const count = (): void => {
    if (isDone) return;
    frames += 1;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  await work();
  isDone = true;
  return frames;
};

const api: PageApi = {
  call,
  framesInWorker: (preKeys) => framesDuring(() => call('makePreKeys', preKeys)),
  framesOnPage: (preKeys) => framesDuring(() => createPreKeys(preKeys)),
};

Object.assign(globalThis, { signalPage: api });
