import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mountSmallDisk, waitFor, type SmallDisk } from '@restante/testkit';
import { ledgersOf, metricOf, type Ledger } from '@restante/testkit/cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChat, type Chat, type Outcome } from './chat.ts';
import { COUCHDB, startDeployment, type Deployment } from './deployment.ts';

/** What happens to a deployed cluster while people chat. The tests go on from one another. */

const NODES = ['node1', 'node2', 'node3'];
const SERVICES = ['couchdb1', 'couchdb2', 'couchdb3', ...NODES, 'master', 'watch', 'nginx'];
const SMALL_DISK_MB = 128;
const SLOWLY = { timeoutMs: 180_000, everyMs: 200 };

let deployment: Deployment;
let chat: Chat;
const disks: SmallDisk[] = [];
let chats = 0;
let texts = 0;

beforeAll(async () => {
  deployment = startDeployment();
  // The ledger is read more often than in production: the end waits for it.
  await writeFile(join(deployment.folder, '.env'), 'LEDGER_INTERVAL_MS=5000\n');
  const { code, err } = await deployment.deploy(COUCHDB);
  if (code !== 0) throw new Error(err);
});
afterAll(async () => {
  for (const disk of disks) await disk[Symbol.asyncDispose]();
  await deployment[Symbol.asyncDispose]();
});

const begin = async (): Promise<void> => {
  chats += 1;
  chat = await startChat(deployment.origin, deployment.folder, [`anna${chats}`, `ben${chats}`]);
  await chat.flows();
};
/** What must be so whatever has happened. */
const endWell = async (): Promise<Outcome> => {
  await using ended = chat;
  const outcome = await ended.end();
  expect(outcome).toMatchObject({ lost: [], shownTwice: [], failed: [], outOfOrder: false });
  expect(outcome.texts).toBeGreaterThan(20);
  texts += outcome.texts;
  return outcome;
};
const tell = (what: string, { texts, longestPauseMs }: Outcome): void => {
  process.stdout.write(
    `${what}: ${texts} texts, longest pause of live push ${Math.round(longestPauseMs)} ms\n`,
  );
};
const isHealthy = (service: string) => (): boolean => deployment.health(service) === 'healthy';
const isUnhealthy = (service: string) => (): boolean => deployment.health(service) === 'unhealthy';
const isCaughtUp = (node: string) => async (): Promise<boolean> =>
  (await metricOf(deployment.url(node), 'mailbox_caught_up')) === 1;
const saysFull = (node: string) => async (): Promise<boolean> =>
  (await metricOf(deployment.url(node), 'mailbox_store_full')) === 1;
const version = async (): Promise<string | undefined> => {
  const { out } = await deployment.deploy(['--dry-run', '--rollback']);
  return /go back to (\S+),/.exec(out)?.[1];
};

describe('while people chat', () => {
  test('an update', async () => {
    await begin();
    const update = await deployment.deploy(['--update']);
    expect(update).toMatchObject({ code: 0 });
    expect(await version()).toMatch(/\d{14}$/);
    await chat.flows();
    tell('update', await endWell());
  });

  test('an update that is killed while its master is handed over, and gone on with', async () => {
    await begin();
    const killed = await deployment.deploy(['--update'], '_master_interim is healthy');
    expect(killed).toMatchObject({ code: null });
    await chat.flows();
    expect(await deployment.deploy(['--update'])).toMatchObject({ code: 0 });
    // No interim master is left: it would be another one of the service.
    expect(deployment.services()).toEqual([...SERVICES].sort());
    await chat.flows();
    tell('an update killed', await endWell());
  });

  test('the way back', async () => {
    await begin();
    const before = await version();
    expect(await deployment.deploy(['--rollback'])).toMatchObject({ code: 0 });
    expect(await version()).not.toBe(before);
    await chat.flows();
    tell('rollback', await endWell());
  });

  test('a CouchDB that is killed', async () => {
    await begin();
    deployment.docker('kill', deployment.container('couchdb3'));
    await waitFor('the node to be unhealthy', isUnhealthy('node3'), SLOWLY);
    await chat.flows();
    deployment.docker('start', deployment.container('couchdb3'));
    await waitFor('the node to be healthy', isHealthy('node3'), SLOWLY);
    await chat.flows();
    tell('a CouchDB killed', await endWell());
  });

  test.each([{ lost: ['couchdb2'] }, { lost: ['couchdb2', 'couchdb3'] }])(
    'the data of $lost deleted: the mesh fills them again',
    async ({ lost }) => {
      await begin();
      const nodes = lost.map((name) => name.replace('couchdb', 'node'));
      deployment.docker('kill', ...lost.map(deployment.container));
      for (const node of nodes) await waitFor(`${node} to be unhealthy`, isUnhealthy(node), SLOWLY);
      await chat.flows();
      // Two are told of at most: a text is accepted without waiting for the third.
      expect(chat.copies()).toBe(Math.min(2, 3 - lost.length));
      for (const folder of lost.map(deployment.dataFolder)) {
        for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
      }
      deployment.docker('start', ...lost.map(deployment.container));
      for (const node of nodes) {
        await waitFor(`${node} to be healthy`, isHealthy(node), SLOWLY);
        await waitFor(`${node} to be filled`, isCaughtUp(node), SLOWLY);
      }
      await waitFor('texts with two copies', () => chat.copies() === 2, SLOWLY);
      tell(`data of ${lost.join(' and ')} deleted`, await endWell());
    },
  );

  test('everything killed at once', async () => {
    await begin();
    deployment.docker('kill', ...SERVICES.map(deployment.container));
    expect(await deployment.deploy()).toMatchObject({ code: 0 });
    await chat.flows();
    tell('everything killed', await endWell());
  });

  test('a disk that is full, and then has room', async () => {
    deployment.docker('stop', deployment.container('couchdb1'));
    const disk = await mountSmallDisk(deployment.dataFolder('couchdb1'), SMALL_DISK_MB);
    disks.push(disk);
    deployment.docker('start', deployment.container('couchdb1'));
    await waitFor('the node to be healthy', isHealthy('node1'), SLOWLY);
    await begin();
    await disk.fill();
    await waitFor('the node to say that it is full', saysFull('node1'), SLOWLY);
    await waitFor('the node to be unhealthy', isUnhealthy('node1'), SLOWLY);
    await chat.flows();
    expect(chat.copies()).toBe(2);
    await disk.clear();
    await waitFor('the node to be healthy', isHealthy('node1'), SLOWLY);
    await chat.flows();
    tell('a full disk', await endWell());
  });

  test('a second master, an update of both, and one again', async () => {
    await begin();
    const haveMasters = async (count: number): Promise<void> => {
      const file = join(deployment.folder, '.env');
      const others = (await readFile(file, 'utf8')).replace(/^MASTER_PROCESSES=.*\n/m, '');
      await writeFile(file, `${others}MASTER_PROCESSES=${count}\n`);
      expect(await deployment.deploy()).toMatchObject({ code: 0 });
      expect(deployment.services().filter((service) => service === 'master')).toHaveLength(count);
      await chat.flows();
    };
    await haveMasters(2);
    expect(await deployment.deploy(['--update'])).toMatchObject({ code: 0 });
    await chat.flows();
    await haveMasters(1);
    tell('a second master', await endWell());
  });
});

test('at the end every node has deleted each text that it accepted', async () => {
  const isSettled = async (node: string): Promise<boolean> => {
    const ledgers = [...(await ledgersOf(deployment.url(node))).values()];
    const sum = (of: keyof Ledger): number => ledgers.reduce((total, ledger) => total + ledger[of], 0);
    // A node that was down has not seen what was written and read meanwhile; one that has lost its disk, what was before.
    return sum('accepted') > 0 && sum('accepted') === sum('deleted') && sum('waiting') === 0;
  };
  for (const node of NODES) {
    await waitFor(`the ledger of ${node}`, () => isSettled(node), SLOWLY);
  }
  process.stdout.write(`ledger of every node: as many deleted as accepted; ${texts} texts\n`);
});
