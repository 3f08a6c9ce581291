import {
  conversationWith,
  createMessenger,
  memoryVault,
  type Messenger,
  type MessengerOptions,
} from '../../index.ts';
import { libsignalRatchet } from '../libsignal-ratchet.ts';
import { ScriptedServer } from './scripted-server.ts';
import { waitFor } from './wait-for.ts';

const FAST = { minMs: 10, maxMs: 50 };

/** A scripted cluster and the messengers of a test; all end with it. */
export class Scene {
  readonly cluster: ScriptedServer;
  readonly #open: AsyncDisposable[] = [];

  private constructor(cluster: ScriptedServer) {
    this.cluster = cluster;
  }

  static async open(): Promise<Scene> {
    return new Scene(await ScriptedServer.start());
  }

  /** A messenger that has not been started. */
  messenger(options: Partial<MessengerOptions> = {}): Messenger {
    const made = createMessenger({
      masters: [this.cluster.url],
      vault: memoryVault(),
      ratchet: libsignalRatchet(),
      backoff: FAST,
      patienceMs: 200,
      pageTimeoutMs: 2_000,
      ...options,
    });
    this.#open.push(made);
    return made;
  }

  /** A registered person who is live. */
  async person(username: string, options: Partial<MessengerOptions> = {}): Promise<Messenger> {
    const made = this.messenger(options);
    await made.register({ username, password: 'correct horse', deviceName: 'first' });
    await made.start();
    await live(made);
    return made;
  }

  /** Another device of a person, live. */
  async device(username: string, options: Partial<MessengerOptions> = {}): Promise<Messenger> {
    const made = this.messenger(options);
    await made.login({ username, password: 'correct horse', deviceName: 'another' });
    await made.start();
    await live(made);
    return made;
  }

  /** The only device of a person with new keys, live: its vault was lost, and the server has kept its number. */
  async anew(username: string, options: Partial<MessengerOptions> = {}): Promise<Messenger> {
    const { devices } = this.cluster;
    const index = devices.findIndex((each) => each.username === username);
    const [lost] = devices.splice(index, 1);
    this.cluster.nextAccountId = lost?.accountId ?? null;
    return this.person(username, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#open.reverse()) await each[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

export const live = (messenger: Messenger): Promise<void> =>
  waitFor('live', () => messenger.connection().name === 'live');

export const accountOf = async (messenger: Messenger): Promise<string> =>
  (await messenger.self())?.accountId ?? '';

/** Texts of a conversation with a username, as a person sees them. */
export const textsWith = async (messenger: Messenger, other: Messenger): Promise<string[]> =>
  (await messenger.messages(conversationWith(await accountOf(other)), { limit: 10_000 }))
    .filter(({ kind }) => kind !== 'keys-changed')
    .map(({ text }) => text);

/** Waits until a conversation shows exactly these texts. */
export const waitForTexts = (
  messenger: Messenger,
  other: Messenger,
  texts: readonly string[],
  timeoutMs?: number,
): Promise<void> => {
  let shown: readonly string[] = [];
  return waitFor(
    () =>
      `texts ${texts.slice(0, 5).join()} (${texts.length}); shown: ${shown.slice(0, 5).join()} (${shown.length})`,
    async () => {
      shown = await textsWith(messenger, other);
      return shown.length === texts.length && shown.every((text, index) => text === texts[index]);
    },
    timeoutMs,
  );
};
