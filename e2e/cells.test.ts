import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cellsOf } from '@restante/master-node';
import { waitFor } from '@restante/testkit';
import {
  envelopesOf,
  metricOf,
  startAddedCell,
  startTestCluster,
  waitingOf,
  type AddedCell,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

/** A second cell beside the first: added while people write, and one that does not stop the other. */

// Longer than what any condition is waited for, so that a failure names its condition.
vi.setConfig({ testTimeout: 400_000 });

const COMMANDS = fileURLToPath(new URL('../scripts/src/main.ts', import.meta.url));
/** Patience of a machine that does much else. */
const SLOW = { timeoutMs: 100_000 };
/** Read and waiting for whoever is away while the cell is added. */
const LETTERS = 60;

let cluster: TestCluster;
let west: AddedCell;
/** What masters are told beside the first cell, when they start. */
let setting: Record<string, string> = {};
/** As `masters` have it. */
let masterEnvironment: Readonly<Record<string, string>> = {};
const moved: Person[] = [];
const stayed: Person[] = [];

const [first, second] = [{ name: 'default' }, { name: 'west' }];
const placement = { cells: [first, second] as const, joining: 'west' };
const isMoved = (person: Person): boolean => cellsOf(person.address.accountId, placement).length === 2;

beforeAll(async () => {
  cluster = await startTestCluster({
    masters: 2,
    // Patience with a machine that does much else: no node is slow here, some are dead.
    settings: {
      master: { WRITE_POLICY: 'strict', MASTER_TOKEN_TTL_MINUTES: '600', STORE_TIMEOUT_MS: '20000' },
    },
    adapt: (name, environment) => {
      if (!name.startsWith('master')) return environment;
      const MAILBOX_NODES = [environment['MAILBOX_NODES'], setting['MAILBOX_NODES']]
        .filter(Boolean)
        .join(',');
      masterEnvironment = { ...environment, ...setting, MAILBOX_NODES };
      return masterEnvironment;
    },
  });
  await cluster.caughtUp();
  west = await startAddedCell(cluster, 'west', {
    CANARY_INTERVAL_MS: '2000',
    REQUESTS_PER_MINUTE: '1000000',
    DELETIONS_PER_MINUTE: '10000000',
    MAILBOX_SENDER_MESSAGES: '1000000',
    MAILBOX_STRANGERS_MESSAGES: '1000000',
  });
  while (moved.length < 3 || stayed.length < 3) {
    const person = await cluster.person('someone');
    (isMoved(person) ? moved : stayed).push(person);
  }
});
afterAll(async () => {
  await west[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const restartMasters = async (next: Record<string, string>): Promise<void> => {
  setting = next;
  // One after the other: for a while they have different settings.
  for (const master of cluster.parts.masters) await master.restart();
};

const move = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [COMMANDS, 'move-accounts', '--cell', 'west', ...args], {
    env: { PATH: process.env['PATH'], ...masterEnvironment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
type Report = {
  done: boolean;
  accounts: { moved: number; untouched: number };
  messages: { copied: number; there: number; left: number; removed: number };
};
const moveAll = async (...args: string[]): Promise<Report> => {
  const child = move('--json', ...args);
  let out = '';
  child.stdout!.on('data', (data: Buffer) => (out += data.toString()));
  await once(child, 'close');
  return JSON.parse(out) as Report;
};

const ofAccount =
  (person: Person) =>
  (id: string): boolean =>
    id.startsWith(person.address.accountId);
const waitingInWest = async (person: Person): Promise<number[]> =>
  Promise.all(
    west.couchUrls.map(
      async (url) => (await waitingOf(url, cluster.parts.databasePrefix)).filter(ofAccount(person)).length,
    ),
  );
const documentsInWest = async (): Promise<string[]> =>
  (
    await Promise.all(
      west.couchUrls.map(async (url) => [...(await envelopesOf(url, cluster.parts.databasePrefix)).keys()]),
    )
  ).flat();

/** Writes without pause until it is told to stop; gives what it has written, in order. */
const writeOn = (from: Person, to: Person, what: string) => {
  const written: string[] = [];
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      const text = `${what} ${written.length}`;
      written.push(text);
      await from.sendAccepted(to, text);
    }
  })();
  return {
    written,
    stop: async () => {
      isOver = true;
      await done;
    },
  };
};

describe('a second cell', () => {
  it('is added while people write: nothing is lost, nothing shown twice, nobody else touched', async () => {
    const [anna, bert, away] = moved as [Person, Person, Person];
    const [carl, dora, idle] = stayed as [Person, Person, Person];
    for (const person of [anna, bert, away, carl, dora, idle]) await person.enterLive();
    await carl.sendAccepted(away, 'hello');
    await carl.sendAccepted(idle, 'hello');
    await Promise.all([away.seesLast(carl, 'hello'), idle.seesLast(carl, 'hello')]);
    await Promise.all([away.leave(), idle.leave()]);
    const letters = Array.from({ length: LETTERS }, (_, index) => `letter ${index}`);
    for (const letter of letters) {
      await carl.sendAccepted(away, letter);
      await carl.sendAccepted(idle, letter);
    }
    // Accepted is what two nodes have: the mesh brings it to the third.
    await cluster.alike();
    const untouched = await Promise.all(
      [1, 2, 3].map(async (number) =>
        [...(await cluster.envelopesOn(number))].filter(([id]) => ofAccount(idle)(id)),
      ),
    );
    const writers = [
      writeOn(carl, anna, 'to a moved one'),
      writeOn(anna, bert, 'between moved ones'),
      writeOn(bert, dora, 'from a moved one'),
    ];

    await restartMasters({ MAILBOX_NODES: west.setting, JOINING_CELL: 'west' });
    expect(await waitingInWest(away)).toEqual([0, 0, 0]);
    // In the middle: one node does not answer, so that the run cannot end; what it has copied lies on the others.
    for (const [dead, copied] of [
      [2, 0],
      [0, 2],
    ] as const) {
      await west.mailboxNodes[dead]!.kill('SIGKILL');
      const run = move();
      await waitFor('copies', async () => ((await waitingInWest(away))[copied] ?? 0) > 0, SLOW);
      run.kill('SIGKILL');
      expect(await once(run, 'close')).toEqual([null, 'SIGKILL']);
      await west.mailboxNodes[dead]!.start();
    }
    const report = await waitFor(
      'the mail to be moved',
      async () => {
        const told = await moveAll();
        return told.done ? told : null;
      },
      SLOW,
    );
    expect(report.accounts).toEqual({ moved: moved.length, untouched: stayed.length });
    expect(await waitingInWest(away)).toEqual(Array(3).fill(LETTERS));
    await restartMasters({ MAILBOX_NODES: west.setting });
    const joined = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString();
    for (const times of [[], ['--joined', joined(1)]])
      expect(await once(move('--remove', ...times), 'exit')).toEqual([2, null]);
    // The clients here reach masters, which have given them other tokens since.
    const { accounts, messages, done } = await moveAll('--remove', '--joined', joined(3));
    expect({ accounts, done, left: messages.left }).toEqual({
      accounts: report.accounts,
      done: true,
      left: 0,
    });
    for (const writer of writers) await writer.stop();

    const [toAnna, toBert, toDora] = writers.map(({ written }) => written) as [string[], string[], string[]];
    for (const [reader, from, texts] of [
      [anna, carl, toAnna],
      [bert, anna, toBert],
      [dora, bert, toDora],
    ] as const) {
      expect(texts.length).toBeGreaterThan(3);
      expect(await reader.seesLast(from, texts.at(-1)!)).toEqual(texts);
      expect(reader.shown.filter((text) => texts.includes(text)).toSorted()).toEqual(texts.toSorted());
    }
    // The former cell has nothing of them any more, the own one nothing of anybody else.
    for (const number of [1, 2, 3]) {
      const held = await cluster.envelopesOn(number);
      const living = [...held].filter(([, leaves]) => leaves.some((leaf) => !leaf.endsWith(' deleted')));
      expect(living.filter(([id]) => ofAccount(away)(id))).toEqual([]);
      expect([...held].filter(([id]) => ofAccount(idle)(id))).toEqual(untouched[number - 1]);
    }
    const inWest = await documentsInWest();
    expect(stayed.flatMap((person) => inWest.filter(ofAccount(person)))).toEqual([]);
    await away.enterLive();
    expect(await away.seesLast(carl, letters.at(-1)!)).toEqual(['hello', ...letters]);
    expect(away.shown).toEqual(['hello', ...letters]);
    await idle.enterLive();
    expect(await idle.seesLast(carl, letters.at(-1)!)).toEqual(['hello', ...letters]);
  });

  it('does not stop the first one: what is for it is refused by name, and comes when its nodes are back', async () => {
    const [anna] = moved as [Person];
    const [carl, dora] = stayed as [Person, Person];
    const refused = async () =>
      (
        await Promise.all(
          cluster.parts.masters.map(({ url }) =>
            metricOf(url, 'gateway_sends_refused_total', { code: 'unavailable' }),
          ),
        )
      ).reduce((sum, count) => sum + count, 0);
    const before = await refused();
    await Promise.all(west.mailboxNodes.slice(0, 2).map((node) => node.kill('SIGKILL')));
    await carl.send(anna, 'for the dead cell');
    await waitFor('a refusal', async () => (await refused()) > before, SLOW);
    await carl.sendAccepted(dora, 'for the living one');
    await dora.seesLast(carl, 'for the living one');
    const health = await (await fetch(`${cluster.parts.masters[0]!.url}/health`)).json();
    expect(health).toMatchObject({
      status: 'ok',
      cells: [{ name: 'default', hasQuorum: true }, { name: 'west' }],
    });
    await Promise.all(west.mailboxNodes.slice(0, 2).map((node) => node.start()));
    const texts = await anna.seesLast(carl, 'for the dead cell');
    expect(texts.filter((text) => text === 'for the dead cell')).toHaveLength(1);
    expect(anna.shown.filter((text) => text === 'for the dead cell')).toHaveLength(1);
  });
});
