import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { causeOfEnd, lastComplaint } from './cause-of-end.ts';
import { openRotatingLog } from './rotating-log.ts';

/** How a process ended. */
export type Exit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said of it on standard error, without stacks; may be empty. */
  readonly cause: string;
};

/** The end in a word: the signal, or the exit code. */
export const howItEnded = ({ code, signal }: Exit): string => signal ?? `exit code ${code ?? 'unknown'}`;

export type ProcessState = 'stopped' | 'starting' | 'ready' | 'stopping';

/** One service of the cluster as a child process. A restart keeps its port and its data. */
export type ClusterProcess = {
  readonly name: string;
  /** `http://host:port`, or with another scheme. Known since the first start. */
  readonly url: string;
  readonly port: number;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  readonly state: ProcessState;
  /** How the current run ends, or the last one ended. */
  readonly exited: Promise<Exit>;
  readonly logFile: string;
  /**
   * Starts it, unless it runs, and waits until it is ready.
   *
   * @throws ProcessStartError when it ends before it is ready, or is not ready in time
   */
  readonly start: () => Promise<void>;
  /** Ends it by a signal (SIGTERM when not given) and waits for its end. Does nothing when it does not run. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<Exit>;
  /** Ends it by SIGTERM and starts it again. */
  readonly restart: () => Promise<void>;
};

const BUSY_PORT = /EADDRINUSE.*:(\d+)|:(\d+): bind: address already in use/;

/** A process did not become ready. The message says why, as far as the process has told. */
export class ProcessStartError extends Error {
  override readonly name = 'ProcessStartError';
  /** The port that another program has, when this is the reason. */
  readonly busyPort: number | undefined;

  constructor(process: string, reason: string, cause: string, logFile: string) {
    super(`${process} ${reason}${cause === '' ? `; its log: ${logFile}` : `:\n${cause}`}`);
    const [, ofNode, ofOthers] = BUSY_PORT.exec(cause) ?? [];
    const busy = ofNode ?? ofOthers;
    this.busyPort = busy === undefined ? undefined : Number(busy);
  }
}

/** A service of ours. */
type Service = {
  /** File that node runs. */
  readonly script: string;
  readonly environment: (port: number) => Readonly<Record<string, string>>;
  /** Path that answers 2xx when the process is ready. */
  readonly readyPath: string;
};

/** A program of somebody else. */
export type Program = {
  /** Program and arguments. It has to end with this process, however this one ends. */
  readonly command: (port: number) => readonly [string, ...string[]];
  /** The address in what it has written on standard error; it is ready once it is there. */
  readonly addressIn: (lines: string) => string | undefined;
};

export type ProcessSpec = (Service | Program) & {
  readonly name: string;
  /** 0 for any free port; the one taken is kept for every later start. */
  readonly port: number;
  readonly logFile: string;
  /** How long it may take to become ready; a minute when not given. */
  readonly readyDeadlineMs?: number;
  /** Program and arguments that start it in another place, as in a network namespace, and become it there. */
  readonly within?: readonly string[];
  /** Told when a run ends. `expected` when it was asked to, or never became ready: then `start` rejects. */
  readonly onExit: (exit: Exit, expected: boolean) => void;
};

const READY_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 25_000;
const LOG_BYTES = 16 * 1024 * 1024;
const TAIL_CHARACTERS = 4_000;
const PORT_RETRIES = 50;
const PORT_RETRY_MS = 100;

/** Stripped and compiled code, kept from start to start: a third less processor time, and 20 MB less memory. */
const COMPILE_CACHE = fileURLToPath(new URL('../../../.data/compile-cache/', import.meta.url));

/** Variables of this process that its children get; everything else they need is given by name. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'LOG_LEVEL'];

const inherited = (): Record<string, string> =>
  Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

const tailOf = (text: string): string => text.slice(-TAIL_CHARACTERS);

/** The address in the line by which a service says that it listens. */
const LISTENING = /^.*(?:"event":"(?:listening|ready)"|\bready on\b).*$/m;
const ADDRESS = /\bhttp:\/\/(?:[\w.-]+|\[[0-9a-f:]+\]):\d+/;

const addressIn = (lines: string): string | undefined => ADDRESS.exec(LISTENING.exec(lines)?.[0] ?? '')?.[0];

export const createClusterProcess = (spec: ProcessSpec): ClusterProcess => {
  const { readyDeadlineMs = READY_DEADLINE_MS } = spec;
  let url = '';
  let port = spec.port;
  let state: ProcessState = 'stopped';
  let child: ChildProcess | undefined;
  let exited: Promise<Exit> = Promise.resolve({ code: null, signal: null, cause: '' });
  let output = '';
  let standardError = '';
  let isWanted = false;

  /** Starts a run. Resolves with the address that the process says it listens on. */
  const launch = (): Promise<string> => {
    output = '';
    standardError = '';
    state = 'starting';
    const isService = 'script' in spec;
    const command = isService ? [process.execPath, spec.script] : spec.command(port);
    const [program, ...args] = [...(spec.within ?? []), ...command] as [string, ...string[]];
    const own = isService && {
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...spec.environment(port),
      EXIT_WITH_PARENT: '1',
    };
    const run = spawn(program, args, {
      env: { ...inherited(), ...own },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches this process alone, which stops the others in order.
      detached: process.platform !== 'win32',
    });
    child = run;
    const log = openRotatingLog(spec.logFile, LOG_BYTES);
    run.stdin.on('error', () => undefined);
    const address = Promise.withResolvers<string>();
    run.stderr.on('data', (chunk: Buffer) => {
      log.write(chunk);
      standardError = tailOf(standardError + chunk.toString('utf8'));
      if (isService || state !== 'starting') return;
      const found = spec.addressIn(standardError);
      if (found !== undefined) address.resolve(found);
    });
    run.stdout.on('data', (chunk: Buffer) => {
      log.write(chunk);
      output = tailOf(output + chunk.toString('utf8'));
      if (state !== 'starting') return;
      const found = addressIn(output.slice(0, output.lastIndexOf('\n') + 1));
      if (found !== undefined) address.resolve(found);
    });
    exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        const exit = { code, signal, cause: causeOfEnd(standardError) };
        const expected = state !== 'ready';
        state = 'stopped';
        child = undefined;
        log[Symbol.dispose]();
        resolve(exit);
        spec.onExit(exit, expected);
      };
      run.once('error', () => end(null, null));
      run.once('close', end);
    });
    return address.promise;
  };

  const failed = (reason: string, cause: string): ProcessStartError =>
    new ProcessStartError(spec.name, reason, cause, spec.logFile);

  const pollReady = async (url: string, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.ok === true) return;
      await sleep(50, undefined, { signal }).catch(() => undefined);
    }
  };

  const becomeReady = (): boolean => {
    if (state !== 'starting') return false;
    state = 'ready';
    return true;
  };

  const startOnce = async (): Promise<void> => {
    const over = new AbortController();
    const becomesReady = async (): Promise<void> => {
      const address = await launch();
      url = address;
      port = Number(new URL(address).port);
      if ('readyPath' in spec) await pollReady(address + spec.readyPath, over.signal);
    };
    const ready = becomesReady();
    const endsEarly = exited.then((exit) => {
      throw failed(`ended before it was ready (${howItEnded(exit)})`, exit.cause);
    });
    const isLate = sleep(readyDeadlineMs, undefined, { signal: over.signal, ref: false }).then(
      () => {
        throw failed(`was not ready after ${readyDeadlineMs / 1000} s`, lastComplaint(output));
      },
      () => undefined,
    );
    try {
      await Promise.race([ready, endsEarly, isLate]);
      // Asked to end in the moment in which it became ready, it ends as it was asked to.
      if (!becomeReady()) throw failed(`was ended before it was ready (${howItEnded(await exited)})`, '');
    } catch (error) {
      await endRun('SIGKILL');
      throw error;
    } finally {
      over.abort();
    }
  };

  const endRun = async (signal: NodeJS.Signals): Promise<Exit> => {
    if (child === undefined) return exited;
    const run = child;
    state = 'stopping';
    run.kill(signal);
    const deadline = setTimeout(() => run.kill('SIGKILL'), STOP_DEADLINE_MS);
    const exit = await exited;
    clearTimeout(deadline);
    return exit;
  };

  const startAndRetry = async (): Promise<void> => {
    if (child !== undefined) await exited;
    const hadPort = url !== '';
    for (let attempt = 1; ; attempt += 1) {
      try {
        await startOnce();
        return;
      } catch (error) {
        // Its port was free for a moment, and another program's outgoing connection took it.
        const isBusy = error instanceof ProcessStartError && error.busyPort !== undefined;
        if (!hadPort || !isBusy || !isWanted || attempt === PORT_RETRIES) throw error;
        await sleep(PORT_RETRY_MS);
      }
    }
  };

  let starting: Promise<void> | undefined;
  const start = (): Promise<void> => {
    if (state === 'ready') return Promise.resolve();
    isWanted = true;
    starting ??= startAndRetry().finally(() => (starting = undefined));
    return starting;
  };

  const kill = (signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> => {
    isWanted = false;
    return endRun(signal);
  };

  return {
    name: spec.name,
    get url() {
      return url;
    },
    get port() {
      return port;
    },
    get pid() {
      return child?.pid;
    },
    get state() {
      return state;
    },
    get exited() {
      return exited;
    },
    logFile: spec.logFile,
    start,
    kill,
    restart: async () => {
      await kill();
      await start();
    },
  };
};
