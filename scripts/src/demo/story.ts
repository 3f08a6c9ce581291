import { join } from 'node:path';
import { until } from '../cli/until.ts';
import type { Cluster, ClusterProcess } from '../cluster/index.ts';
import { createLetters, isAllAccepted, tally, type Told } from './correspondence.ts';
import type { Marker } from './marker.ts';
import type { Narrator } from './narrator.ts';
import { startPerson, type Person } from './person.ts';

export type StoryOptions = {
  readonly cluster: Cluster;
  /** Folder for the two vaults. */
  readonly dir: string;
  /** How many messages Alice sends while Bob is away. */
  readonly messages: number;
  readonly marker: Marker;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
  /** Called when all messages wait for Bob. */
  readonly whileAllWait: () => Promise<void>;
  /** Called when all has been said, while both are there: what they have read, they delete. */
  readonly beforeTheyLeave: () => Promise<void>;
};

const LIVE_MESSAGES = 10;
const DEADLINE_MS = 90_000;

/**
 * Alice and Bob talk, Bob leaves, Alice writes on while a CouchDB (of the cluster's own), a mailbox node and the master
 * are killed one after the other, Bob comes back. What does not happen in time is told and shows in the numbers.
 */
export const tellStory = async (
  options: StoryOptions,
): Promise<Told & { readonly killed: readonly string[] }> => {
  const { cluster, dir, messages, marker, narrator, signal } = options;
  const { say } = narrator;
  const people: Person[] = [];
  const arrive = (name: string): Person => {
    const person = startPerson({
      origin: cluster.front.url,
      vaultFile: join(dir, `${name}.vault`),
      logFile: join(dir, `${name}.log`),
    });
    people.push(person);
    return person;
  };
  const wait = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    if (!(await until(isSo, { deadlineMs: DEADLINE_MS, signal }))) say(`In vain: ${what}`);
  };

  const toBob = createLetters('Alice', 'Bob', marker);
  const toAlice = createLetters('Bob', 'Alice', marker);

  try {
    const alice = arrive('alice');
    let bob = arrive('bob');
    await Promise.all([alice.register('alice'), bob.register('bob')]);
    await Promise.all([alice.connect(), bob.connect()]);
    say('Alice and Bob have registered, each with a Signal identity of their own.');

    const talk = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) {
        const bobHas = bob.shown().length;
        await alice.send('bob', toBob.write(1));
        await wait('Bob to see a live message', () => bob.shown().length > bobHas);
        const aliceHas = alice.shown().length;
        await bob.send('alice', toAlice.write(1));
        await wait('Alice to see a live message', () => alice.shown().length > aliceHas);
      }
    };
    await talk(LIVE_MESSAGES);
    say(`They have talked live: ${2 * LIVE_MESSAGES} messages.`);

    const shownToBob = [...bob.shown()];
    await wait('what Bob sent to be accepted', () => bob.accepted() >= toAlice.texts.length);
    await bob.leave();
    say('Bob has left.');

    const before = toBob.texts.length;
    const show = (note: string): void =>
      narrator.progress(Math.max(0, alice.accepted() - before), messages, `accepted${note}`);
    /** Alice sends; `meanwhile` runs once the first few have been accepted. */
    const sendAnd = async (count: number, meanwhile: () => Promise<void>): Promise<void> => {
      const start = alice.accepted();
      const sending = alice.send('bob', toBob.write(count));
      await wait('Alice to go on', () => {
        show('');
        return alice.accepted() >= start + Math.min(5, count);
      });
      await Promise.all([sending, meanwhile()]);
    };
    const allAccepted = (note: string) =>
      wait('all messages to be accepted', () => {
        show(note);
        return alice.accepted() >= toBob.texts.length;
      });
    const killed: string[] = [];
    const kill = async (process: ClusterProcess): Promise<void> => {
      await process.kill('SIGKILL');
      killed.push(process.name);
      say(`${process.name} has been killed (SIGKILL).`);
    };
    const bringBack = async (process: ClusterProcess): Promise<void> => {
      await process.start();
      say(`${process.name} is back.`);
    };
    /** Kills a part that Alice can do without, and brings it back when everything has been accepted all the same. */
    const without = (process: ClusterProcess | undefined, count: number): Promise<void> =>
      sendAnd(count, async () => {
        if (process === undefined) return;
        await kill(process);
        await allAccepted(`, ${process.name} is down`);
        await bringBack(process);
      });

    const third = Math.ceil(messages / 3);
    say(`Alice sends ${messages} messages.`);
    const [, couch] = cluster.couches;
    const [, , node] = cluster.mailboxNodes;
    const [master] = cluster.masters;
    if (couch === undefined) say('No CouchDB is killed: those of COUCHDB_URLS belong to somebody else.');
    await without(couch, third);
    await without(node, third);
    const rest = messages - 2 * third;
    await sendAnd(rest, async () => {
      if (master === undefined) return;
      await kill(master);
      await wait('Alice to notice', () => alice.connection() !== 'live');
    });
    if (master !== undefined) await bringBack(master);
    await allAccepted('');
    narrator.endProgress();
    say(`All ${alice.accepted()} of Alice's messages have been accepted.`);
    await options.whileAllWait();

    bob = arrive('bob');
    await bob.connect();
    const missing = (): number => toBob.texts.length - new Set([...shownToBob, ...bob.shown()]).size;
    await wait('Bob to get everything', () => {
      narrator.progress(messages - missing(), messages, 'received by Bob');
      return missing() <= 0;
    });
    narrator.endProgress();
    say('Bob has come back and caught up.');
    await talk(1);
    let [bobs, alices] = [await bob.list('alice'), await alice.list('bob')];
    await wait('the last messages to be accepted', async () => {
      [bobs, alices] = [await bob.list('alice'), await alice.list('bob')];
      return isAllAccepted(bobs) && isAllAccepted(alices);
    });
    const told = tally([
      { letters: toBob, side: { listed: bobs, shown: [...shownToBob, ...bob.shown()] } },
      { letters: toAlice, side: { listed: alices, shown: alice.shown() } },
    ]);
    await options.beforeTheyLeave();
    return { ...told, killed };
  } finally {
    narrator.endProgress();
    await Promise.all(people.map((person) => person.leave()));
  }
};
