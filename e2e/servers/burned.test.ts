import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@restante/testkit';
import { isLive, ledgersOf } from '@restante/testkit/cluster';
import { startServers, type Servers } from '@restante/testkit/servers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startChat, type Chat } from '../compose/chat.ts';

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

/** What must be so whatever has happened. */
const endWell = async (chat: Chat): Promise<number> => {
  const outcome = await chat.end();
  expect(outcome).toMatchObject({ lost: [], shownTwice: [], failed: [], outOfOrder: false });
  return outcome.longestPauseMs;
};

/** Each node counts what it has taken as often as it stands in its CouchDB, and what is gone as deleted. */
const ledgersBalance = async (): Promise<void> => {
  for (const { number, mailboxNode } of servers.all) {
    await waitFor(`the ledger of server ${number} to balance`, async () => {
      const held = (await servers.envelopes())[number - 1]!;
      const ledgers = [...(await ledgersOf(mailboxNode.url)).values()];
      const total = (of: 'accepted' | 'deleted' | 'expired' | 'waiting'): number =>
        ledgers.reduce((sum, ledger) => sum + ledger[of], 0);
      return (
        total('accepted') === held.size &&
        total('accepted') === total('deleted') + total('expired') + total('waiting')
      );
    });
  }
};

it.each([2, 1])('server %i burns, the others carry on, and an empty one takes its place', async (burning) => {
  const [one, other] = [1, 2, 3].filter((number) => number !== burning) as [number, number];
  // Of some people the server dies that they are at, as authors and as readers; of some another one.
  const chats = await Promise.all([
    startChat([from(burning, one, other), from(one, other)], folder, [`anna${burning}`, `ben${burning}`]),
    startChat([from(one, other), from(burning, other, one)], folder, [`carol${burning}`, `dan${burning}`]),
    startChat([from(other, one), from(one, other)], folder, [`eve${burning}`, `finn${burning}`]),
  ]);
  try {
    await Promise.all(chats.map((chat) => chat.flows()));
    await servers.burn(burning);
    await Promise.all(chats.map((chat) => chat.flows()));
    await servers.replace(burning);
    await servers.whole();
    await Promise.all(chats.map((chat) => chat.flows()));
    const pauses = await Promise.all(chats.map(endWell));
    process.stdout.write(
      `server ${burning} burned: longest pauses of live push ${pauses.map(Math.round).join(', ')} ms ` +
        '(author there, reader there, neither)\n',
    );
    await servers.empty();
    await servers.alike();
    const held = await servers.envelopes();
    // Nothing is back from the dead.
    expect(held.map((each) => [...each].filter(([, leaves]) => leaves.some(isLive)))).toEqual([[], [], []]);
    expect(held.map((each) => each.size > 0)).toEqual([true, true, true]);
    expect(await servers.conflicts()).toEqual([]);
    await ledgersBalance();
  } finally {
    for (const chat of chats) await chat[Symbol.asyncDispose]();
  }
});
