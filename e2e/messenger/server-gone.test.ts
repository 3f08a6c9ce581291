import { launchChromium } from '@restante/testkit/browser';
import { startTestCluster, type Person, type TestCluster } from '@restante/testkit/cluster';
import { createBrowserPerson, NETWORK_FAILURES, type BrowserPerson } from '@restante/testkit/messenger';
import { waitFor } from '@restante/testkit';
import { buildWebClient } from '@restante/web-client/build';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The server that people use ends without a word: messengers go on at another one, and come back to it. */

let cluster: TestCluster;
let browser: Browser;
/** In Chromium. */
let alice: BrowserPerson;
/** In Node. */
let bob: Person;

/** Of servers 2 and 3, the one that the others do not know of: the third is to take the place of the second. */
let unknown = 3;
const adapt = (_name: string, environment: Readonly<Record<string, string>>): Record<string, string> => {
  const all = (environment['SERVER_ORIGINS'] ?? '').split(',');
  const [hidden, other] = [all[unknown - 1] ?? '', all[unknown === 3 ? 1 : 2] ?? ''];
  const nodes = environment['MAILBOX_NODES'];
  return {
    ...environment,
    SERVER_ORIGINS: all.filter((origin) => origin !== hidden).join(','),
    ...(nodes !== undefined && { MAILBOX_NODES: nodes.replaceAll(hidden, other) }),
  };
};

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

const origins = (): string[] => cluster.parts.fronts.map(({ url }) => url);
const isLiveAt = (person: Person, ...numbers: number[]) =>
  waitFor(`${person.username} to be live at ${numbers.join(' or ')}`, () => {
    const state = person.messenger().connection();
    return state.name === 'live' && numbers.some((number) => state.origin === origins()[number - 1]);
  });
/** What the connection line says of the server; null: nothing. */
const lineOf = async (): Promise<string | null> => {
  const line = alice.page().locator('#connection [data-server]');
  return (await line.count()) === 0 ? null : line.textContent();
};
const isElsewhere = (at: readonly number[]) =>
  waitFor(
    `the line to name ${at.length === 0 ? 'no server' : at.join(' or ')}`,
    async () => {
      const line = await lineOf();
      return at.length === 0
        ? line === null
        : at.some((number) => line?.includes(new URL(origins()[number - 1]!).host));
    },
    { timeoutMs: 90_000 },
  );
const kill = async (number: number): Promise<void> => {
  const [front, master] = [cluster.parts.fronts[number - 1]!, cluster.parts.masters[number - 1]!];
  await Promise.all([front.kill('SIGKILL'), master.kill('SIGKILL')]);
};
const start = async (number: number): Promise<void> => {
  await cluster.parts.masters[number - 1]!.start();
  await cluster.parts.fronts[number - 1]!.start();
};
/** As when a machine loses its power: it closes nothing, and answers nothing. */
const signal = (number: number, name: 'SIGSTOP' | 'SIGCONT'): void => {
  for (const { pid } of [cluster.parts.fronts[number - 1]!, cluster.parts.masters[number - 1]!])
    process.kill(pid!, name);
};
const fromBob: string[] = [];
const fromAlice: string[] = [];
/** Both write, and both see it; all that was written has been shown once. */
const talk = async (about: string): Promise<void> => {
  await alice.write(`alice: ${about}`);
  fromAlice.push(`alice: ${about}`);
  await bob.messenger().sendText(bobsFriend(), `bob: ${about}`);
  fromBob.push(`bob: ${about}`);
  await alice.sees(`bob: ${about}`);
  await waitFor(`bob to be shown "${about}"`, () => bob.shown.includes(`alice: ${about}`));
  expect(bob.shown.filter((text) => text.startsWith('alice: '))).toEqual(fromAlice);
  const atAlice = (await alice.history('hello', `bob: ${about}`)).map(({ text }) => text);
  expect(atAlice.filter((text) => text?.startsWith('bob: '))).toEqual(fromBob);
};
const bobsFriend = () => alice.address.accountId;

beforeAll(async () => {
  const messengerDir = await buildWebClient();
  cluster = cleanup.use(
    await startTestCluster({
      ...{ servers: 3, mailboxAddresses: 'front', adapt },
      // Whoever opens the messenger again gets fresh tokens, and with them the list of servers.
      settings: {
        front: { MESSENGER_DIR: messengerDir },
        // Nobody waits here until a connection is over that has been silent for so long twice.
        master: { MASTER_TOKEN_TTL_MINUTES: '1', HEARTBEAT_MS: '600000' },
      },
    }),
  );
  await cluster.caughtUp();
  browser = cleanup.adopt(await launchChromium(), (opened) => opened.close());
  const [first] = origins();
  alice = cleanup.use(await createBrowserPerson(browser, first!, 'alice', { baseURL: first! }));
  await alice.enter();
  await alice.signUp('alice');
  await alice.isConnected('live');
  // Nobody tells this one of the other servers but its session.
  bob = await cluster.person('bob', [first!], { returnMs: 1_000 });
  await bob.enterLive();
  await alice.add(bob.username);
  await alice.write('hello');
  await waitFor('bob to be written to', () => bob.shown.includes('hello'));
  await bob.messenger().setStanding(bobsFriend(), 'accepted');
  await alice.isInstalled();
});

describe('a server that burns', () => {
  it('is left by both, who go on writing at another one, and it is said which', async () => {
    expect(await lineOf()).toBeNull();
    await talk('all is well');
    alice.complaints.expect(...NETWORK_FAILURES, /has been blocked by CORS policy/);
    await kill(1);
    await alice.isConnected('live');
    await isElsewhere([2, 3]);
    await isLiveAt(bob, 2, 3);
    await talk('it has burned');
  });

  it('opens from the cache of the browser, and goes live at another one', async () => {
    await alice.page().reload();
    await isElsewhere([2, 3]);
    await alice.sees('bob: it has burned');
    await talk('opened again');
    await alice.leave();
    await alice.enter();
    await isElsewhere([2, 3]);
    await alice.open(bob.username);
    await talk('opened in another tab');
    // And for a messenger that is started with the burned one alone.
    await bob.enterLive();
    await isLiveAt(bob, 2, 3);
    await talk('started again');
  });

  it('is gone back to when it is well again, without a gap', async () => {
    // Nor does it need a token that is still good: a connection outlives the one that it began with.
    await waitFor(
      'the tokens of both to end',
      async () => {
        const [atAlice] = await alice.rows('tokens');
        const ends = [atAlice!.value, await bob.session()].map((tokens) => tokens.masterTokenExpiresAt);
        return ends.every((end) => end < Date.now());
      },
      { timeoutMs: 90_000 },
    );
    const states: string[] = [];
    bob.messenger().on('connection', ({ name }) => states.push(name));
    await start(1);
    await isLiveAt(bob, 1);
    expect(new Set(states)).toEqual(new Set(['live']));
    await isElsewhere([]);
    await alice.isConnected('live');
    await talk('it is back');
    expect(alice.complaints.unexpected()).toEqual([]);
  });
});

describe('a server that falls silent', () => {
  it('is left by those who only look at what they have', async () => {
    bob.messenger().setPresence('online', []);
    signal(1, 'SIGSTOP');
    try {
      await isElsewhere([2, 3]);
      await isLiveAt(bob, 2, 3);
    } finally {
      signal(1, 'SIGCONT');
      bob.messenger().setPresence('away', []);
    }
    await isLiveAt(bob, 1);
    await isElsewhere([]);
    await talk('nobody had written');
    expect(alice.complaints.unexpected()).toEqual([]);
  });

  it('is left by those who write, and what they wrote there comes once when it wakes', async () => {
    signal(1, 'SIGSTOP');
    try {
      await talk('nobody answers');
      await isElsewhere([2, 3]);
      await isLiveAt(bob, 2, 3);
    } finally {
      signal(1, 'SIGCONT');
    }
    await isLiveAt(bob, 1);
    await isElsewhere([]);
    await talk('it has woken');
    expect(alice.complaints.unexpected()).toEqual([]);
  });
});

describe('a server that takes the place of another', () => {
  it('is known to those who come back meanwhile, and they go on at it when their own is gone, too', async () => {
    await kill(2);
    unknown = 2;
    const { mailboxNodes, masters, fronts } = cluster.parts;
    const present = [...mailboxNodes, masters[0]!, masters[2]!, fronts[0]!, fronts[2]!];
    await Promise.all(present.map((process) => process.restart()));
    const [first, , third] = origins();
    await waitFor('bob to be told', async () => {
      await bob.enterLive();
      return String((await bob.session()).masters) === String([first, third]);
    });
    await waitFor('alice to be told, and her page to be let there', async () => {
      const page = await alice.page().reload();
      await alice.isConnected('live');
      const policy = await page?.headerValue('content-security-policy');
      const [tokens] = await alice.rows('tokens');
      return String(tokens?.value.masters) === String([first, third]) && policy?.includes(third!) === true;
    });
    await talk('the third has come');
    await kill(1);
    await isElsewhere([3]);
    await isLiveAt(bob, 3);
    await talk('at the one that came');
    expect(alice.complaints.unexpected()).toEqual([]);
  });
});
