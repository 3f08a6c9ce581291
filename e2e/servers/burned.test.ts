import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers, type Servers } from '@restante/testkit/servers';
import { afterAll, beforeAll, it } from 'vitest';
import { startChat } from '../compose/chat.ts';
import { endsWell } from './outcome.ts';

/** One of three servers ends without a word, disk and all, while people write (law 13). */

let servers: Servers;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-burned-'));
  servers = await startServers();
  await servers.whole();
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Where somebody finds the cell: first at this server, then at the others. */
const from = (...numbers: readonly number[]): string[] =>
  numbers.map((number) => servers.server(number).origin);

it.each([2, 1])('server %i burns, the others carry on, and an empty one takes its place', async (burning) => {
  const [one, other] = [1, 2, 3].filter((number) => number !== burning) as [number, number];
  // Of some people the server dies that they are at, as authors and as readers; of some another one.
  const chats = await Promise.all([
    startChat([from(burning, one, other), from(one, other)], folder, [`anna${burning}`, `ben${burning}`]),
    startChat([from(one, other), from(burning, other, one)], folder, [`carol${burning}`, `dan${burning}`]),
    startChat([from(other, one), from(one, other)], folder, [`eve${burning}`, `finn${burning}`]),
  ]);
  const flow = () => Promise.all(chats.map((chat) => chat.flows()));
  try {
    await flow();
    await servers.burn(burning);
    await flow();
    await servers.replace(burning);
    await servers.whole();
    await flow();
    await endsWell(`server ${burning} burned, of author, reader and neither`, servers, chats);
  } finally {
    for (const chat of chats) await chat[Symbol.asyncDispose]();
  }
});
