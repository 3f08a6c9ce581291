import { conversationWith } from '@restante/client';
import { randomBytes, randomInt } from 'node:crypto';
import type { ClusterProcess } from '@restante/scripts/cluster';
import { waitFor } from '@restante/testkit';
import {
  createClientProcess,
  filesWithText,
  ledgersOf,
  startTestCluster,
  type ClientProcess,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { seededRandom } from '@restante/testkit/seeded-random';
import { afterAll, beforeAll, expect, it } from 'vitest';

/**
 * Three people chat through two masters while CouchDBs, nodes, masters and clients are killed and started and links are
 * cut, stalled and made half-open, in an order that the seed decides. A crash may delay a message; it never loses
 * one, shows one twice, brings one back or leaves a trace of its text (laws 1 to 6 and 9). `CHAOS_SEED` repeats a
 * run, `CHAOS_STEPS` makes it longer.
 */

const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(2 ** 31));
const steps = Number(process.env['CHAOS_STEPS'] ?? 60);
const marker = `marker-${randomBytes(9).toString('hex')}`;

/** Somebody in the chaos: their messenger runs as a process of its own. */
type Player = { readonly person: Person; readonly client: ClientProcess; said: number };

let cluster: TestCluster;
const players: Player[] = [];
beforeAll(async () => {
  cluster = await startTestCluster({ masters: 2 });
  for (const [name, masters] of [
    ['alice', cluster.masters],
    ['bob', cluster.masters.toReversed()],
    ['carol', cluster.masters],
  ] as const) {
    const person = await cluster.person(name, masters);
    await person.leave();
    players.push({ person, client: createClientProcess(person.vaultFile, masters), said: 0 });
  }
}, 120_000);
afterAll(async () => {
  await Promise.all(players.map(({ client }) => client.kill()));
  await cluster[Symbol.asyncDispose]();
});

const others = (player: Player): Player[] => players.filter((other) => other !== player);
/** Texts of which the sender's messenger said that they are in the outbox. */
const promised: string[] = [];

const say = async (from: Player, to: Player): Promise<void> => {
  from.said += 1;
  const text = `${from.person.username} to ${to.person.username}, ${from.said}: ${marker}`;
  if (await from.client.send(to.person.address.accountId, text)) promised.push(text);
};

/** Starts a node or a master, with what it needs to become ready. */
const repair = async (service: ClusterProcess): Promise<void> => {
  const couch = service.name.startsWith('node') ? Number(service.name.at(-1)) : 1;
  cluster.links.join(service.name);
  cluster.links.join(`couch${couch}`);
  await cluster.startCouch(couch);
  await service.start();
};

/** One step: mostly talk, often a death or a birth, sometimes a broken link. */
const step = async ({ below, pick }: ReturnType<typeof seededRandom>): Promise<void> => {
  const { mailboxNodes, masters } = cluster.parts;
  const couch = 1 + below(3);
  const service = pick([...mailboxNodes, ...masters]);
  const player = pick(players);
  const link = pick(cluster.links.all()).proxy;
  const fault = pick(['refuse', 'stall', 'half-open'] as const);
  const burst = Array.from({ length: 1 + below(8) }, () => pick(others(player)));
  const dice = below(100);
  if (dice < 40) await Promise.all(burst.map((to) => say(player, to)));
  else if (dice < 48) await cluster.killCouch(couch);
  else if (dice < 57) await cluster.startCouch(couch);
  else if (dice < 66) await service.kill('SIGKILL');
  else if (dice < 77) await repair(service);
  else if (dice < 83) await player.client.kill();
  else if (dice < 91) await player.client.start();
  else if (dice < 97) link.set(fault);
  else cluster.links.heal();
};

const textsOf = async (from: Person, to: Person): Promise<string[]> =>
  (await from.messenger().messages(conversationWith(to.address.accountId), { limit: 100_000 }))
    .filter(({ direction }) => direction === 'out')
    .map(({ text }) => text);

it(
  `survives ${steps} steps of chaos (CHAOS_SEED=${seed})`,
  { timeout: 60_000 + steps * 10_000 },
  async () => {
    const random = seededRandom(seed);
    for (const player of players) await player.client.start();
    for (const player of players) await Promise.all(others(player).map((other) => say(player, other)));
    for (let done = 0; done < steps; done += 1) await step(random);

    await cluster.heal();
    await Promise.all(players.map(({ client }) => client.kill()));
    const people = players.map(({ person }) => person);
    const pairs = people.flatMap((from) => people.filter((to) => to !== from).map((to) => ({ from, to })));
    await Promise.all(people.map((person) => person.enterLive()));
    await waitFor('every outbox to be empty', async () => {
      for (const { outboxSize, messenger, faults } of people) {
        const found = {
          waiting: await outboxSize(),
          connection: messenger().connection(),
          faults: faults.slice(-3),
        };
        expect(found).toMatchObject({ waiting: 0 });
      }
      return true;
    });
    // Mail that another master took meanwhile is not pushed here: catch up once more.
    await Promise.all(people.map((person) => person.enterLive()));
    await cluster.empty();

    const sent: string[] = [];
    for (const { from, to } of pairs) {
      const texts = await textsOf(from, to);
      expect(await to.textsFrom(from)).toEqual(texts);
      sent.push(...texts);
    }
    expect(promised.filter((text) => !sent.includes(text))).toEqual([]);
    expect(new Set(sent).size).toBe(sent.length);
    const shown = players.flatMap(({ person, client }) => [...client.shown, ...person.shown]);
    expect(new Set(shown).size).toBe(shown.length);

    const held = await cluster.alike();
    expect([...held.values()].filter((leaves) => leaves.length !== 1)).toEqual([]);
    expect([...held.values()].flat().filter((leaf) => !leaf.endsWith(' deleted'))).toEqual([]);
    expect(held.size).toBe(sent.length);
    await waitFor('no conflicts', async () => (await cluster.conflicts()).length === 0);
    for (const { url } of cluster.parts.mailboxNodes) {
      await waitFor('the ledgers to add up', async () => {
        const ledgers = [...(await ledgersOf(url)).values()];
        const sum = (read: (ledger: (typeof ledgers)[number]) => number): number =>
          ledgers.reduce((total, ledger) => total + read(ledger), 0);
        return (
          ledgers.every(
            ({ accepted, deleted, expired, waiting }) => accepted === deleted + expired + waiting,
          ) &&
          sum(({ accepted }) => accepted) === sent.length &&
          sum(({ deleted }) => deleted) === sent.length
        );
      });
    }
    expect(await filesWithText(cluster.dataDir, [marker])).toEqual([]);
  },
);
