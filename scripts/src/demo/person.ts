import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ListedMessage, PersonCommand, PersonEvent, PersonRequest } from './person-protocol.ts';

/** A person of the demo: a messenger of its own in a process of its own, with a vault on disk. */
export type Person = {
  readonly register: (username: string) => Promise<void>;
  readonly connect: () => Promise<void>;
  readonly send: (to: string, texts: readonly string[]) => Promise<void>;
  readonly list: (username: string) => Promise<readonly ListedMessage[]>;
  /** State of the connection: `live` when it is. */
  readonly connection: () => string;
  /** How many of this person's messages have been accepted since the process began. */
  readonly accepted: () => number;
  /** Every text that appeared on the screen, in the order of its appearance. */
  readonly shown: () => readonly string[];
  /** Closes the messenger and ends the process. */
  readonly leave: () => Promise<void>;
};

export type PersonOptions = {
  /** Origin of the cluster. */
  readonly origin: string;
  readonly vaultFile: string;
  readonly logFile: string;
};

const LEAVE_DEADLINE_MS = 10_000;

const main = fileURLToPath(new URL('./person-main.ts', import.meta.url));

export const startPerson = ({ origin, vaultFile, logFile }: PersonOptions): Person => {
  const log = openSync(logFile, 'a', 0o600);
  const child = fork(main, [origin, vaultFile], { stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  let connection = 'offline';
  let accepted = 0;
  let requests = 0;
  let isOver = false;
  const shown: string[] = [];
  const waiting = new Map<number, PromiseWithResolvers<readonly ListedMessage[]>>();

  child.on('message', (event: PersonEvent) => {
    switch (event.type) {
      case 'done':
        waiting.get(event.number)?.resolve(event.listed ?? []);
        waiting.delete(event.number);
        break;
      case 'failed':
        waiting.get(event.number)?.reject(new Error(event.message));
        waiting.delete(event.number);
        break;
      case 'connection':
        connection = event.name;
        break;
      case 'shown':
        shown.push(event.text);
        break;
      case 'accepted':
        accepted += 1;
        break;
    }
  });
  child.once('exit', () => {
    isOver = true;
    for (const { reject } of waiting.values()) reject(new Error(`a messenger ended, see ${logFile}`));
    waiting.clear();
  });

  const ask = async (command: PersonCommand): Promise<readonly ListedMessage[]> => {
    if (isOver) throw new Error(`a messenger ended, see ${logFile}`);
    requests += 1;
    const request: PersonRequest = { ...command, number: requests };
    const answer = Promise.withResolvers<readonly ListedMessage[]>();
    waiting.set(requests, answer);
    child.send(request);
    return answer.promise;
  };

  return {
    register: async (username) => {
      await ask({ type: 'register', username });
    },
    connect: async () => {
      await ask({ type: 'connect' });
    },
    send: async (to, texts) => {
      await ask({ type: 'send', to, texts });
    },
    list: (username) => ask({ type: 'list', username }),
    connection: () => connection,
    accepted: () => accepted,
    shown: () => shown,
    leave: async () => {
      if (isOver) return;
      const exited = once(child, 'exit');
      if (child.connected) child.disconnect();
      const deadline = setTimeout(() => child.kill('SIGKILL'), LEAVE_DEADLINE_MS);
      await exited;
      clearTimeout(deadline);
    },
  };
};
