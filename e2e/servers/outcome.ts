import { waitFor } from '@restante/testkit';
import { isLive, ledgersOf } from '@restante/testkit/cluster';
import type { Servers } from '@restante/testkit/servers';
import { expect } from 'vitest';
import type { Chat } from '../compose/chat.ts';

/** Each node counts as taken what stands in its CouchDB, and all of that as deleted, expired or waiting (law 9). */
const ledgersBalance = async (servers: Servers): Promise<void> => {
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

/**
 * What must be so whatever has happened: nothing is lost, shown twice, out of order or back from the dead, and the ledgers balance.
 * Tells of the longest pauses of live push.
 */
export const endsWell = async (what: string, servers: Servers, chats: readonly Chat[]): Promise<void> => {
  const outcomes = await Promise.all(chats.map((chat) => chat.end()));
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ lost: [], shownTwice: [], failed: [], outOfOrder: false });
  }
  const told = outcomes.map(({ texts, longestPauseMs }) => `${Math.round(longestPauseMs)} (${texts} texts)`);
  process.stdout.write(`${what}: longest pauses of live push, in ms: ${told.join(', ')}\n`);
  await servers.empty();
  await servers.alike();
  // A server that was away may get from another one what it was not told yet to delete: that is owed, and told again.
  const held = await waitFor(
    'nothing to be left undeleted',
    async () => {
      const each = await servers.envelopes();
      return each
        .flatMap((mail) => [...mail.values()])
        .flat()
        .some(isLive)
        ? null
        : each;
    },
    { timeoutMs: 120_000, everyMs: 200 },
  );
  expect(held.map((each) => each.size > 0)).toEqual([true, true, true]);
  expect(await servers.conflicts()).toEqual([]);
  await ledgersBalance(servers);
};
