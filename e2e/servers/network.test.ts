import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@restante/testkit';
import { delayHindrance, startServers, type Servers } from '@restante/testkit/servers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import { startChat, type Chat } from '../compose/chat.ts';
import { endsWell } from './outcome.ts';

/** What is between three servers breaks while people, who reach all of them, write. */

let servers: Servers;
let folder: string;
let chats: Chat[] = [];
let round = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-network-'));
  servers = await startServers();
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const from = (...numbers: readonly number[]): string[] =>
  numbers.map((number) => servers.server(number).origin);
const flow = () => Promise.all(chats.map((chat) => chat.flows()));

/** People of whom one, the other, or nobody is at server 2, and stays there. */
beforeEach(async () => {
  await servers.whole();
  round += 1;
  chats = await Promise.all([
    startChat([from(2), from(1, 3)], folder, [`anna${round}`, `ben${round}`]),
    startChat([from(3, 1), from(2)], folder, [`carol${round}`, `dan${round}`]),
    startChat([from(1, 3), from(3, 1)], folder, [`eve${round}`, `finn${round}`]),
  ]);
  await flow();
});
afterEach(async () => {
  await servers.join();
  for (const chat of chats) await chat[Symbol.asyncDispose]();
});

const areLost = () => waitFor('packets to be lost', async () => (await servers.lost()) >= 100);
/** The network is bad for as long as some hundred packets are lost, and the people write all the while. */
const flowsWhileLosing = async (): Promise<void> => {
  await areLost();
  await flow();
};
/** The server's master hears no other. */
const isAlone = (number: number) =>
  waitFor(`server ${number} to be alone`, async () => {
    const health = await fetch(`${servers.server(number).master.url}/health`);
    return ((await health.json()) as { bus: { peers: number } }).bus.peers === 0;
  });
/** What is written is accepted everywhere. What masters cannot tell each other waits in mailboxes; others are told at once. */
const takeMail = () => Promise.all([...chats.map((chat) => chat.accepts()), chats[2]?.flows()]);

const endWell = async (what: string): Promise<void> => {
  await servers.join();
  await servers.whole();
  await flow();
  await endsWell(`${what}, author, reader and nobody at server 2`, servers, chats);
};

it('a server that is cut off from the others takes mail and gives it, and all see all', async () => {
  await servers.isolate(2);
  await isAlone(2);
  await takeMail();
  await endWell('server 2 cut off');
});

it('a way that leads in one direction alone', async () => {
  await servers.cut(1, 2);
  // A master that has gone over to the bus of the third server hears the other one by that.
  await areLost();
  await takeMail();
  await endWell('no way from server 1 to server 2');
});

it('a twentieth of all packets is lost', async () => {
  await servers.lose(5);
  await flowsWhileLosing();
  await endWell('5 % lost');
});

const hindrance = await delayHindrance();
describe.skipIf(hindrance !== null)(`a long way${hindrance === null ? '' : `: ${hindrance}`}`, () => {
  it('of 200 ms, on which a twentieth of all packets is lost', async () => {
    await servers.delay(200);
    await servers.lose(5);
    await flowsWhileLosing();
    await endWell('200 ms and 5 % lost');
  });
});

it('all servers dark at once, and back', async () => {
  await Promise.all([1, 2, 3].map((number) => servers.kill(number)));
  await servers.start(1, 2, 3);
  await endWell('all dark');
});

it('the clock of one server is a day ahead, and right again', async () => {
  await servers.setClock(2, 24 * 60 * 60 * 1_000);
  await flow();
  await servers.setClock(2, 0);
  await endWell('clock of server 2 wrong');
});
