import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A text that was shown. */
export type ShownText = { readonly text: string };

/** Somebody's messenger as a process that kills itself: see `doomed-client-main.ts`. */
export type DoomedClient = AsyncDisposable & {
  /** Resolves when it has ended, with the signal. */
  readonly ended: Promise<NodeJS.Signals | null>;
  /** Texts that it has shown. */
  readonly shown: readonly string[];
};

const MAIN = fileURLToPath(new URL('doomed-client-main.ts', import.meta.url));

/** For a vault that holds a device already. */
export const startDoomedClient = (vaultFile: string, masters: readonly string[]): DoomedClient => {
  const shown: string[] = [];
  const run = fork(MAIN, [vaultFile, masters.join(',')], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  run.on('message', ({ text }: ShownText) => shown.push(text));
  const ended = once(run, 'exit').then(() => run.signalCode);
  return {
    ended,
    shown,
    [Symbol.asyncDispose]: async () => {
      run.kill('SIGKILL');
      await ended;
    },
  };
};
