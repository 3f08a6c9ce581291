import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A load in a process of its own, so that it shares no event loop with what it measures. */
export type LoadProcess<Task, Result> = AsyncDisposable & {
  /** Does one task; throws what went wrong there. One at a time. */
  readonly run: (task: Task) => Promise<Result>;
};

type Answer<Result> = { readonly result: Result } | { readonly error: string };

/** Starts `script`, which calls {@link serveParent}. */
export const startLoadProcess = <Task extends object, Result>(script: URL): LoadProcess<Task, Result> => {
  const child = fork(script);
  const ended = once(child, 'exit');
  return {
    run: async (task) => {
      const answered = once(child, 'message');
      child.send(task);
      const early = ended.then(() => {
        throw new Error('the load generator has ended');
      });
      const [answer] = (await Promise.race([answered, early])) as [Answer<Result>];
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
};

/** The other end: does the tasks that the parent sends, and ends with it. */
export const serveParent = (run: (task: never) => Promise<unknown>): void => {
  process.on('message', (task) => {
    run(task as never).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
};
