import {
  conversationWith,
  createMessenger,
  memoryVault,
  type Messenger,
  type MessengerOptions,
  readRow,
  type Vault,
} from '../../index.ts';
import type { SignedDeviceList } from '@restante/protocol';
import { signDeviceList } from '../../account/account-key.ts';
import type { Registered } from './scripted-cluster.ts';
import { libsignalRatchet } from '../libsignal-ratchet.ts';
import { ScriptedServer } from './scripted-server.ts';
import { waitFor } from './wait-for.ts';

const FAST = { minMs: 10, maxMs: 50 };
const PASSWORD = 'correct horse';

const isOn = (list: SignedDeviceList | undefined, { keys }: Registered): boolean =>
  list?.devices.some(({ identityKey }) => identityKey === keys.identityKey) ?? false;

/** A scripted cluster and the messengers of a test; all end with it. */
export class Scene {
  readonly cluster: ScriptedServer;
  readonly #open: AsyncDisposable[] = [];
  /** Messengers of each person, with the newest last. */
  readonly #devices = new Map<string, Messenger[]>();

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
    await made.register({ username, password: PASSWORD, deviceName: 'first' });
    await made.start();
    await live(made);
    this.#devices.set(username, [...(this.#devices.get(username) ?? []), made]);
    return made;
  }

  /** A device that has signed in to a person's account, and waits to be let in; live. */
  async waiting(username: string, options: Partial<MessengerOptions> = {}): Promise<Messenger> {
    const made = this.messenger(options);
    await made.login({ username, password: PASSWORD, deviceName: 'another' });
    await made.start();
    await live(made);
    await waitFor('it to wait', async () => (await made.listing()) === 'waiting');
    return made;
  }

  /** Another device of a person, live: one that they have lets it in. */
  async device(username: string, options: Partial<MessengerOptions> = {}): Promise<Messenger> {
    const made = await this.waiting(username, options);
    await this.letIn(username, made);
    return made;
  }

  /**
   * The same where none that is there lets it in: a device did that has the account key of this vault.
   */
  async deviceBy(
    username: string,
    vault: Vault,
    options: Partial<MessengerOptions> = {},
  ): Promise<Messenger> {
    const made = await this.waiting(username, options);
    const key = readRow('accountKey', await vault.get('accountKey', 'only'));
    const list = this.cluster.lists.get(await accountOf(made));
    const device = this.cluster.devices.find((each) => each.username === username && !isOn(list, each));
    if (!key || !list || !device) throw new Error('nobody waits');
    const { registrationId, identityKey } = device.keys;
    const devices = [...list.devices, { deviceId: device.deviceId, registrationId, identityKey }];
    const { accountId, generation, former } = list;
    this.cluster.publish(signDeviceList(key, { accountId, generation: generation + 1, devices, former }));
    await waitFor('it to be let in', async () => (await made.listing()) === 'listed');
    return made;
  }

  /** The person lets a device in, on one that they have. */
  async letIn(username: string, made: Messenger): Promise<void> {
    const known = this.#devices.get(username) ?? [];
    const digits = await made.deviceDigits();
    await waitFor('one to let it in', async () => {
      for (const each of known) {
        const isThere = each.connection().name === 'live' && (await each.listing()) === 'listed';
        const found = isThere && (await each.waitingDevices()).find((waiting) => waiting.digits === digits);
        if (!found) continue;
        await each.letDeviceIn(found);
        return true;
      }
      return false;
    });
    await waitFor('it to be let in', async () => (await made.listing()) === 'listed');
    known.push(made);
    this.#devices.set(username, known);
  }

  /** The only device of a person, live: those on the list were lost, and it has begun a new account key. */
  async anew(username: string, options: Partial<MessengerOptions> = {}): Promise<Messenger> {
    const { devices } = this.cluster;
    for (const lost of devices.filter((each) => each.username === username))
      devices.splice(devices.indexOf(lost), 1);
    const made = await this.waiting(username, options);
    await made.beginAccountKey(PASSWORD);
    await waitFor('the new key', async () => (await made.listing()) === 'listed');
    this.#devices.set(username, [made]);
    return made;
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
