import { launchChromium, launchHeadlessShell } from '../browser/launch-chromium.ts';
import { startTestCluster, type TestCluster, type TestClusterOptions } from '../cluster/test-cluster.ts';
import { buildWebClient } from '@restante/web-client/build';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { createBrowserPerson, type BrowserPerson } from './browser-person.ts';

/** A cluster with the web messenger at its front, and one Chromium in which everybody has a context of their own. */
export type Stage = AsyncDisposable & {
  readonly cluster: TestCluster;
  readonly browser: Browser;
  /** A browser without an account and without a tab; the name is made unique. */
  readonly browserPerson: (name: string, options?: BrowserContextOptions) => Promise<BrowserPerson>;
  /** People who have signed up and are connected. */
  readonly people: (...names: readonly string[]) => Promise<BrowserPerson[]>;
  /** The same, each with a first message of the other in an open conversation that both have accepted. */
  readonly friends: (...names: readonly string[]) => Promise<BrowserPerson[]>;
  /** Makes friends of two people who have signed up. */
  readonly befriend: (one: BrowserPerson, other: BrowserPerson) => Promise<void>;
  /**
   * After each test: closes all contexts, starts what is down, and answers with what went wrong in any page and was not
   * expected.
   */
  readonly clear: () => Promise<readonly string[]>;
};

/** Something else than the cluster's own front, with TLS and a certificate of its own. */
type StartFront = (
  cluster: TestCluster,
  messengerDir: string,
) => Promise<AsyncDisposable & { readonly url: string; readonly certificateFile: string }>;

export type StageOptions = {
  readonly startFront?: StartFront;
  /** More variables of services. */
  readonly settings?: Pick<NonNullable<TestClusterOptions['settings']>, 'mailboxNode' | 'master'>;
  /**
   * Whether browsers are as people have them, with their windows, and keep the messenger for opening it without a network. Without that
   * two people who meet take half of the time.
   */
  readonly areInstalled?: boolean;
  /** Whether browsers have a microphone, which beeps, and a camera: only those with their windows can. */
  readonly hasMicrophone?: boolean;
  /** What the camera shows: JPEGs, one after the other, in a file that is read when the camera is switched on. */
  readonly cameraFile?: string;
};

/** The words with which friends have begun. */
export const GREETING = 'hello';

/** People in browsers see nothing of what nodes do by themselves: less of it leaves the machine to them. */
const AT_REST = { CANARY_INTERVAL_MS: '5000', MAINTENANCE_INTERVAL_MS: '10000', LEDGER_INTERVAL_MS: '60000' };

const befriend = async (one: BrowserPerson, other: BrowserPerson): Promise<void> => {
  await one.add(other.username);
  await one.write(GREETING);
  await other.open(one.username);
  await other.accept();
  await other.sees(GREETING);
  await one.sent(GREETING, 'read');
};

export const startStage = async ({
  startFront,
  settings = {},
  areInstalled = false,
  hasMicrophone = false,
  cameraFile,
}: StageOptions = {}): Promise<Stage> => {
  const serviceWorkers = areInstalled ? 'allow' : 'block';
  const launch =
    areInstalled || hasMicrophone || cameraFile !== undefined ? launchChromium : launchHeadlessShell;
  await using starting = new AsyncDisposableStack();
  const messengerDir = await buildWebClient();
  const cluster = starting.use(
    await startTestCluster({
      mailboxAddresses: 'front',
      settings: {
        front: { MESSENGER_DIR: messengerDir },
        mailboxNode: { ...AT_REST, ...settings.mailboxNode },
        master: { ...settings.master },
      },
    }),
  );
  const front =
    startFront === undefined ? cluster.parts.front : starting.use(await startFront(cluster, messengerDir));
  const certificateFile = 'certificateFile' in front ? front.certificateFile : undefined;
  const browser = starting.adopt(await launch({ certificateFile, hasMicrophone, cameraFile }), (opened) =>
    opened.close(),
  );
  let present: BrowserPerson[] = [];
  let count = 0;

  const browserPerson: Stage['browserPerson'] = async (name, given) => {
    count += 1;
    const person = await createBrowserPerson(browser, front.url, `${name}.${count}`, {
      serviceWorkers,
      ...given,
    });
    present.push(person);
    return person;
  };
  const people: Stage['people'] = (...names) =>
    Promise.all(
      names.map(async (name) => {
        const person = await browserPerson(name);
        await person.enter();
        await person.signUp(person.username);
        await person.isConnected('live');
        return person;
      }),
    );
  const sendHome = async (): Promise<void> => {
    const leaving = present;
    present = [];
    await Promise.all(leaving.map((person) => person[Symbol.asyncDispose]()));
  };
  starting.defer(sendHome);
  const cleanup = starting.move();
  return {
    ...{ cluster, browser, browserPerson, people, befriend },
    friends: async (...names) => {
      const friends = await people(...names);
      for (const [index, friend] of friends.entries()) {
        for (const other of friends.slice(index + 1)) await befriend(friend, other);
      }
      return friends;
    },
    clear: async () => {
      const unexpected = present.flatMap(({ username, complaints }) =>
        complaints.unexpected().map((text) => `${username}: ${text}`),
      );
      await sendHome();
      await cluster.heal();
      return unexpected;
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
