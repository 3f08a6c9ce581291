import { afterEach, describe, expect, test } from 'vitest';
import {
  createMessenger,
  memoryVault,
  type Message,
  type Messenger,
  type MessengerOptions,
} from './index.ts';
import { libsignalRatchet } from './node/index.ts';
import { ScriptedCluster } from './node/testing/scripted-cluster.ts';
import { waitFor } from './node/testing/wait-for.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});
const keepOpen = <T extends AsyncDisposable>(each: T): T => {
  open.push(each);
  return each;
};

const FAST = { minMs: 20, maxMs: 100 };

const cluster = async (): Promise<ScriptedCluster> => keepOpen(await ScriptedCluster.start());

const messenger = (server: ScriptedCluster, options: Partial<MessengerOptions> = {}): Messenger =>
  keepOpen(
    createMessenger({
      masters: [server.url],
      vault: memoryVault(),
      ratchet: libsignalRatchet(),
      backoff: FAST,
      ...options,
    }),
  );

const person = async (
  server: ScriptedCluster,
  username: string,
  options: Partial<MessengerOptions> = {},
): Promise<Messenger> => {
  const made = messenger(server, options);
  await made.register({ username, password: 'correct horse', deviceName: 'test' });
  await made.start();
  return made;
};

const live = (of: Messenger): Promise<void> => waitFor('live', () => of.connection().name === 'live');

const texts = async (of: Messenger, accountId: string): Promise<string[]> =>
  (await of.messages(accountId, { limit: 10_000 })).map(({ text }) => text);

const idOf = async (of: Messenger): Promise<string> => (await of.self())!.accountId;

describe('two people', () => {
  test('write to each other live; sender sees accepted, delivered, read', async () => {
    const server = await cluster();
    const alice = await person(server, 'alice');
    const bob = await person(server, 'bobby');
    const states: string[] = [];
    alice.on('message-state', ({ state }) => states.push(state));
    const received: Message[] = [];
    bob.on('message', (message) => received.push(message));
    await Promise.all([live(alice), live(bob)]);

    await alice.sendText('bobby', 'hello');
    await waitFor('delivery', () => received.length === 1);
    expect(received[0]).toMatchObject({ text: 'hello', direction: 'in', accountId: await idOf(alice) });
    await waitFor('delivered', () => states.includes('delivered'));
    await bob.markRead(received);
    await waitFor('read', () => states.includes('read'));

    await bob.sendText(await idOf(alice), 'hello back');
    await waitFor('answer', async () => (await texts(alice, await idOf(bob))).includes('hello back'));
    await waitFor('nothing left', () => server.waiting() === 0);
    await waitFor('name', async () => (await bob.conversations())[0]?.username === 'alice');
  });
});
