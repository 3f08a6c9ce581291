import { appendFile, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@restante/testkit';
import { metricOf } from '@restante/testkit/cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChat, type Chat } from './chat.ts';
import {
  COUCHDB,
  freeServerNames,
  serverName,
  startDeployment,
  type Deployment,
  type Run,
} from './deployment.ts';

/** A cell on three servers, each a project of its own on this engine, while people chat. The tests go on from one another. */

const CELL_FILE = 'cell.join';
/** Two chats at once, on one machine with the containers of three servers. */
const TEXT_EVERY_MS = 250;
const SLOWLY = { timeoutMs: 180_000, everyMs: 500 };

/** Of the cell, by slot: 1, 2, 3. */
const cell = new Map<number, Deployment>();
/** Names by slot: a replaced server has another one. */
const names = new Map([1, 2, 3].map((slot) => [slot, serverName(slot)]));
let chats: Chat[] = [];
/** Vaults of people, and the cell's file while no server needs it. */
let folder: string;
let groups = 0;

const at = (slot: number): Deployment => cell.get(slot)!;
const nameOf = (slot: number): string => names.get(slot)!;
/** Where somebody finds the cell: first at this server. */
const from = (...slots: readonly number[]): string[] => slots.map((slot) => at(slot).origin);

const isDone = ({ code, out, err }: Run): void => {
  if (code !== 0) throw new Error(`exit code ${code}\n${out.slice(-2_000)}\n${err.slice(-2_000)}`);
};
/** The cell's file is on a server only as long as it is needed there. */
const withCellFile = async (slot: number, run: () => Promise<Run>): Promise<void> => {
  const there = join(at(slot).folder, CELL_FILE);
  await copyFile(join(folder, CELL_FILE), there);
  isDone(await run());
  await copyFile(there, join(folder, CELL_FILE));
  await rm(there);
};
const joins = (slot: number): Promise<void> =>
  withCellFile(slot, () => at(slot).deploy(['--join', CELL_FILE, '--domain', nameOf(slot), ...COUCHDB]));
const secret = async (slot: number, name: string): Promise<string> =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(await readFile(join(at(slot).folder, '.env'), 'utf8'))?.[1] ?? '';

const begin = async (
  ...pairs: readonly (readonly [readonly string[], readonly string[]])[]
): Promise<void> => {
  groups += 1;
  chats = [];
  for (const [index, pair] of pairs.entries()) {
    const people: [string, string] = [`anna${groups}x${index}`, `ben${groups}x${index}`];
    chats.push(await startChat(pair, folder, people, TEXT_EVERY_MS));
  }
  await flow();
};
/** At different servers, each as author and as reader. */
const beginEverywhere = (one: number, other: number): Promise<void> =>
  begin([from(one, other), from(other, one)], [from(other, one), from(one, other)]);
const flow = async (): Promise<void> => {
  await Promise.all(chats.map((chat) => chat.flows()));
};
/** What must be so whatever has happened. */
const endWell = async (what: string): Promise<void> => {
  await flow();
  try {
    const outcomes = await Promise.all(chats.map((chat) => chat.end()));
    const told = outcomes.map(
      ({ texts, longestPauseMs }) => `${Math.round(longestPauseMs)} (${texts} texts)`,
    );
    process.stdout.write(`${what}: longest pauses of live push, in ms: ${told.join(', ')}\n`);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ lost: [], shownTwice: [], failed: [], outOfOrder: false });
    }
  } finally {
    for (const chat of chats) await chat[Symbol.asyncDispose]();
  }
};

type Shown = {
  readonly isWell: boolean;
  readonly servers: readonly { readonly name: string; readonly isServing: boolean }[];
  readonly cell: { readonly problems: readonly string[] } | null;
};
/** What `/cluster/` of a server tells the operator. */
const shownAt = async (slot: number): Promise<Shown> => {
  const { origin } = at(slot);
  const login = await fetch(`${origin}/cluster/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password: await secret(slot, 'OPERATOR_PASSWORD') }),
  });
  expect(login.status).toBe(204);
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const state = async (headers: Record<string, string>): Promise<Shown> =>
    (await (await fetch(`${origin}/cluster/state`, { headers })).json()) as Shown;
  expect((await state({})).cell).toBeNull();
  return state({ cookie });
};
/** Each server shows all of them, and nothing that is wrong. */
const allIsWell = async (): Promise<void> => {
  for (const slot of cell.keys()) {
    const servers = [...cell.keys()].sort().map((each) => ({ name: nameOf(each), isServing: true }));
    let last: Shown | undefined;
    await waitFor(
      `all to be well at server ${slot}`,
      async () => (last = await shownAt(slot)).cell?.problems.length === 0,
      { timeoutMs: 180_000, everyMs: 6_500 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(last?.cell?.problems)}`);
    });
    expect(last).toMatchObject({ isWell: true, servers });
    const status = await waitFor(
      `--status of server ${slot}`,
      async () => {
        const run = await at(slot).deploy(['--status']);
        return run.code === 0 ? run.out : null;
      },
      SLOWLY,
    );
    for (const each of ['node 1', 'node 2', 'node 3', 'master 3']) expect(status).toContain(each);
  }
};
const isFilled = (slot: number): Promise<unknown> =>
  waitFor(
    `node ${slot} to be filled`,
    async () => (await metricOf(at(slot).url(`node${slot}`), 'mailbox_caught_up')) === 1,
    SLOWLY,
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-three-servers-'));
  cell.set(1, startDeployment(1));
  isDone(await at(1).deploy([...COUCHDB, '--domain', nameOf(1)]));
});
afterAll(async () => {
  for (const chat of chats) await chat[Symbol.asyncDispose]();
  for (const deployment of cell.values()) await deployment[Symbol.asyncDispose]();
  freeServerNames();
  await rm(folder, { recursive: true, force: true });
});

describe('while people chat', { timeout: 3_600_000 }, () => {
  test('from one server to three', async () => {
    await begin([from(1), from(1)]);
    isDone(await at(1).deploy(['--servers', [...names.values()].join(',')]));
    await copyFile(join(at(1).folder, CELL_FILE), join(folder, CELL_FILE));
    await rm(join(at(1).folder, CELL_FILE));
    await flow();
    for (const slot of [2, 3]) {
      cell.set(slot, startDeployment(slot));
      await joins(slot);
      await flow();
    }
    expect(await at(1).deploy([], 'peer2 is healthy')).toMatchObject({ code: null });
    await flow();
    isDone(await at(1).deploy());
    await flow();
    for (const slot of [1, 2, 3]) {
      expect(
        at(slot)
          .services()
          .filter((service) => /^(?:node|couchdb)/.test(service)),
      ).toEqual([`couchdb${slot}`, `node${slot}`]);
      await isFilled(slot);
    }
    await endWell('from one server to three');
    await allIsWell();
  });

  test.each([
    { burning: 2, number: 4 },
    { burning: 1, number: 2 },
  ])('server $burning burns, and another takes its place', async ({ burning, number }) => {
    const [one, other] = [1, 2, 3].filter((slot) => slot !== burning) as [number, number];
    await begin([from(burning, one, other), from(one, other)], [from(other, one), from(burning, other, one)]);
    const burned = {
      name: nameOf(burning),
      reader: await secret(burning, `COUCHDB${burning}_READER_PASSWORD`),
    };
    at(burning).kill();
    await at(burning)[Symbol.asyncDispose]();
    cell.delete(burning);
    await flow();
    const shown = await shownAt(one);
    expect(shown.cell?.problems).toContain(`${burned.name} is missing`);

    const name = serverName(number);
    await withCellFile(one, () => at(one).run('replace', [burned.name, '--by', name, '--join', CELL_FILE]));
    names.set(burning, name);
    await flow();
    await withCellFile(other, () => at(other).deploy(['--join', CELL_FILE]));
    await flow();
    cell.set(burning, startDeployment(number));
    await joins(burning);
    await isFilled(burning);
    await flow();
    // Everybody has two copies again, and nobody the passwords of the one that is gone.
    await waitFor('texts with two copies', () => chats.every((chat) => chat.copies() === 2), SLOWLY);
    for (const slot of [1, 2, 3]) {
      expect(await secret(slot, `COUCHDB${burning}_READER_PASSWORD`)).not.toBe(burned.reader);
      expect(await readFile(join(at(slot).folder, 'cell/revoked'), 'utf8')).toMatch(/^[0-9A-F]+$/m);
    }
    await endWell(`server ${burning} burned`);
    await allIsWell();
  });

  test('an update of one server after the other, and the way back', async () => {
    await beginEverywhere(2, 3);
    for (const slot of [1, 2, 3]) {
      for (const service of ['master-node', 'mailbox-node', 'scripts'])
        await appendFile(join(at(slot).folder, service, 'src/main.ts'), '// The next version.\n');
      isDone(await at(slot).deploy(['--update']));
      await flow();
    }
    for (const slot of [1, 2, 3]) {
      isDone(await at(slot).deploy(['--rollback']));
      await flow();
    }
    await endWell('update and rollback of three');
    await allIsWell();
  });

  test('a server is drained and comes back', async () => {
    await beginEverywhere(2, 3);
    isDone(await at(2).run('drain', [nameOf(2)]));
    await flow();
    isDone(await at(2).deploy());
    await isFilled(2);
    await endWell('a server drained');
    await allIsWell();
  });

  test('new certificates', async () => {
    await beginEverywhere(1, 3);
    await withCellFile(3, () => at(3).run('renew', ['--join', CELL_FILE]));
    await flow();
    for (const slot of [1, 2]) {
      await withCellFile(slot, () => at(slot).deploy(['--join', CELL_FILE]));
      await flow();
    }
    await endWell('new certificates');
    await allIsWell();
  });

  test('everything killed at once', async () => {
    await beginEverywhere(1, 2);
    for (const slot of [1, 2, 3]) at(slot).kill();
    const outcomes = await Promise.all([1, 2, 3].map((slot) => at(slot).deploy()));
    await flow();
    // A server waits for the others before it says that all is well.
    for (const [index, { code }] of outcomes.entries()) {
      if (code !== 0) isDone(await at(index + 1).deploy());
    }
    await endWell('everything killed');
    await allIsWell();
  });
});
