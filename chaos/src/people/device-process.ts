import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { historyFile } from '../history/write.ts';
import { startOf, type Answers, type Asked, type DeviceStart, type Report } from './requests.ts';

/** A device's process, seen from outside: it can be killed at any moment and started again on the same vault. */
export type DeviceProcess = AsyncDisposable & {
  /** `more`: of this run alone. */
  readonly start: (
    more?: Partial<DeviceStart>,
  ) => Promise<{ readonly accountId: string; readonly deviceId: number } | null>;
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  readonly isRunning: () => boolean;
  readonly pid: () => number | undefined;
  /** Null when the process ended before it answered, or does not run. */
  readonly ask: <N extends keyof Asked>(name: N, asked: Asked[N]) => Promise<Answers[N] | null>;
};

const MAIN = fileURLToPath(new URL('device-main.ts', import.meta.url));

/** Signals that a process gets from itself: no memory left, most likely. */
const OWN_SIGNALS: readonly (NodeJS.Signals | null)[] = [
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGTRAP',
];

/** An end of which the process itself has said nothing, or null. What it knows of it has status 1. */
const crashOf = (code: number | null, signal: NodeJS.Signals | null): string | null => {
  if (OWN_SIGNALS.includes(signal)) return signal;
  return code !== null && code > 1 ? `exit code ${code}` : null;
};

/** `environment`: more variables. Null from `start`: it ended before it had started. */
export const createDeviceProcess = (
  given: DeviceStart,
  environment: Readonly<Record<string, string>> = {},
): DeviceProcess => {
  let child: ChildProcess | null = null;
  let requests = 0;
  let runs = 0;
  /** This run was asked to end. */
  let isAsked = false;
  const write = historyFile(given.historyFile);
  let isEnrolled = given.enroll === null;

  const isOver = (run: ChildProcess | null): run is null =>
    run === null || run.exitCode !== null || run.signalCode !== null;
  const reportOf = (run: ChildProcess, matches: (report: Report) => boolean): Promise<Report | null> => {
    if (isOver(run)) return Promise.resolve(null);
    return new Promise((resolve) => {
      const settle = (report: Report | null): void => {
        run.off('message', onMessage);
        run.off('exit', onExit);
        resolve(report);
      };
      const onMessage = (report: Report): void => {
        if (matches(report)) settle(report);
      };
      const onExit = (): void => settle(null);
      run.on('message', onMessage);
      run.on('exit', onExit);
    });
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const run = child;
    if (isOver(run)) return;
    isAsked = true;
    run.kill(signal);
    if (!isOver(run)) await once(run, 'exit');
  };

  return {
    kill,
    isRunning: () => !isOver(child),
    pid: () => (isOver(child) ? undefined : child.pid),
    start: async (more = {}) => {
      if (!isOver(child)) return null;
      runs += 1;
      const start = startOf({ ...given, ...(isEnrolled && { enroll: null }), ...more }, runs);
      const run = fork(MAIN, [JSON.stringify(start)], {
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, ...environment },
      });
      run.setMaxListeners(0);
      child = run;
      run.once('exit', (code, signal) => {
        const how = crashOf(code, signal);
        if (how !== null && !isAsked) write({ type: 'crashed', who: given.device, how });
      });
      isAsked = false;
      const started = await reportOf(run, ({ type }) => type === 'started');
      if (started?.type !== 'started') return null;
      isEnrolled = true;
      return { accountId: started.accountId, deviceId: started.deviceId };
    },
    ask: async (name, asked) => {
      const run = child;
      if (isOver(run)) return null;
      const request = (requests += 1);
      const answer = reportOf(run, (report) => 'request' in report && report.request === request);
      run.send({ request, name, asked }, () => undefined);
      const report = await answer;
      if (report?.type === 'refusal') throw new Error(report.reason);
      return report?.type === 'answer' ? (report.value as never) : null;
    },
    [Symbol.asyncDispose]: () => kill(),
  };
};
