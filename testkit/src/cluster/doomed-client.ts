import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AccountId } from '@restante/protocol';

export type ClientRequest = { readonly request: number; readonly to: AccountId; readonly text: string };
export type ClientReport =
  | { readonly type: 'started' }
  | { readonly type: 'shown'; readonly text: string }
  | { readonly type: 'queued'; readonly request: number }
  | { readonly type: 'failed'; readonly request: number; readonly reason: string };

/** Somebody's messenger as a process that can be killed at any moment and started again on the same vault. */
export type ClientProcess = AsyncDisposable & {
  /** Starts a run, unless there is one. Resolves when the messenger has started, not when it is connected. */
  readonly start: () => Promise<void>;
  /** SIGKILL; waits for the end. */
  readonly kill: () => Promise<void>;
  /** Waits until the run ends by itself; answers by which signal. */
  readonly ended: () => Promise<NodeJS.Signals | null>;
  /** Resolves with true when the text is in the outbox, with false when the process ended before it said so. */
  readonly send: (to: AccountId, text: string) => Promise<boolean>;
  /** Texts that were shown, over all runs. */
  readonly shown: readonly string[];
};

const MAIN = fileURLToPath(new URL('client-main.ts', import.meta.url));

/** A client process for a vault that holds a device already. `mode`: see `client-main.ts`. */
export const createClientProcess = (
  vaultFile: string,
  masters: readonly string[],
  mode?: 'die-after-receipt',
): ClientProcess => {
  const shown: string[] = [];
  let child: ChildProcess | null = null;
  let requests = 0;

  const isOver = ({ exitCode, signalCode }: ChildProcess): boolean =>
    exitCode !== null || signalCode !== null;
  const reportOf = async (
    run: ChildProcess,
    matches: (report: ClientReport) => boolean,
  ): Promise<ClientReport | null> => {
    if (isOver(run)) return null;
    return new Promise((resolve) => {
      const settle = (report: ClientReport | null): void => {
        run.off('message', onMessage);
        run.off('exit', onExit);
        resolve(report);
      };
      const onMessage = (report: ClientReport): void => {
        if (matches(report)) settle(report);
      };
      const onExit = (): void => settle(null);
      run.on('message', onMessage);
      run.on('exit', onExit);
    });
  };
  const ended = async (): Promise<NodeJS.Signals | null> => {
    if (child === null) return null;
    if (!isOver(child)) await once(child, 'exit');
    return child.signalCode;
  };
  const kill = async (): Promise<void> => {
    child?.kill('SIGKILL');
    await ended();
  };

  return {
    shown,
    ended,
    kill,
    start: async () => {
      if (child !== null && !isOver(child)) return;
      const run = fork(MAIN, [vaultFile, masters.join(','), ...(mode ? [mode] : [])], {
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      child = run;
      run.on('message', (report: ClientReport) => {
        if (report.type === 'shown') shown.push(report.text);
      });
      const started = await reportOf(run, ({ type }) => type === 'started');
      if (started === null && mode === undefined) throw new Error('a client ended while it started');
    },
    send: async (to, text) => {
      const run = child;
      if (run === null || isOver(run)) return false;
      const request = (requests += 1);
      const answer = reportOf(run, (report) => 'request' in report && report.request === request);
      run.send({ request, to, text } satisfies ClientRequest, () => undefined);
      const report = await answer;
      if (report?.type === 'failed') throw new Error(report.reason);
      return report !== null;
    },
    [Symbol.asyncDispose]: kill,
  };
};
