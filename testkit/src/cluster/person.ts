import {
  conversationWith,
  createMessenger,
  type CatchUpProgress,
  type Message,
  type Messenger,
  type MessengerOptions,
  type Tables,
  type Vault,
  readRow,
} from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import type { DeviceAddress, Session } from '@restante/protocol';
import { waitFor } from '../wait-for.ts';

/** Delays of clients under test: short, so that a healed fault is found at once. */
export const TEST_PACE = {
  backoff: { minMs: 50, maxMs: 500 },
  patienceMs: 500,
  pageTimeoutMs: 3_000,
} satisfies Partial<MessengerOptions>;

export const TEST_PASSWORD = 'correct horse battery staple';

export type PersonOptions = Partial<MessengerOptions>;

/** Whoever has an account. */
export type Addressed = Pick<Person, 'address'>;

/** Someone with a messenger whose vault is a file, so that it can be closed and opened again. */
export type Person = AsyncDisposable & {
  readonly username: string;
  readonly address: DeviceAddress;
  readonly vaultFile: string;
  readonly masters: readonly string[];
  /** The texts that were shown, in the order in which the messengers told of them, over all their runs. */
  readonly shown: readonly string[];
  /** What the current messenger told of its catch-ups, newest last. */
  readonly catchUps: readonly CatchUpProgress[];
  /** What the background said went wrong. */
  readonly faults: readonly Error[];
  /** The messenger that is open. */
  readonly messenger: () => Messenger;
  /** Opens the vault and connects; does not wait for the connection. */
  readonly enter: (options?: PersonOptions) => Promise<void>;
  /** Opens the vault, connects, and waits until the messenger is live. */
  readonly enterLive: (options?: PersonOptions) => Promise<void>;
  readonly leave: () => Promise<void>;
  /** The tokens in the vault. */
  readonly session: () => Promise<Session>;
  readonly deviceSecret: () => Promise<string>;
  /** Number of the device's keys, which a `send` to it names. */
  readonly registrationId: () => Promise<number>;
  /** Messages in the outbox. */
  readonly outboxSize: () => Promise<number>;
  /** Resolves when the text is in the outbox. */
  readonly send: (to: Addressed, text: string) => Promise<Message>;
  /** Sends a text and waits until it has been accepted. */
  readonly sendAccepted: (to: Addressed, text: string) => Promise<Message>;
  /** The message as it is now. */
  readonly find: (message: Message) => Promise<Message>;
  /** The texts from someone, as the conversation shows them. */
  readonly textsFrom: (other: Addressed) => Promise<string[]>;
  /** Waits until the conversation shows this text from someone, and answers with all of them. */
  readonly seesLast: (other: Addressed, text: string) => Promise<string[]>;
};

const HISTORY = 100_000;

/**
 * Registers an account on the first of the masters that answers; the messenger is open afterwards and not connected.
 * `given` holds for every run.
 */
export const createPerson = async (
  username: string,
  vaultFile: string,
  masters: readonly string[],
  given: PersonOptions = {},
): Promise<Person> => {
  const shown: string[] = [];
  const catchUps: CatchUpProgress[] = [];
  const faults: Error[] = [];
  let current: Messenger | null = null;

  const open = (options: PersonOptions = {}): Messenger => {
    const opened = createMessenger({
      masters,
      vault: sqliteVault(vaultFile),
      ratchet: libsignalRatchet(),
      ...TEST_PACE,
      ...given,
      ...options,
    });
    opened.on('message', ({ direction, text }) => {
      if (direction === 'in') shown.push(text);
    });
    catchUps.length = 0;
    opened.on('catch-up', (progress) => catchUps.push(progress));
    opened.on('fault', (fault) => faults.push(fault));
    current = opened;
    return opened;
  };
  const messenger = (): Messenger => {
    if (current === null) throw new Error(`${username} is not there`);
    return current;
  };
  const leave = async (): Promise<void> => {
    const leaving = current;
    current = null;
    await leaving?.[Symbol.asyncDispose]();
  };
  const enter = async (options?: PersonOptions): Promise<void> => {
    await leave();
    await open(options).start();
  };

  const registering = open();
  await registering.register({ username, password: TEST_PASSWORD, deviceName: 'test' });
  const self = await registering.self();
  if (self === null) throw new Error('registered as nobody');
  const address = { accountId: self.accountId, deviceId: self.deviceId };

  /** What the vault holds, whether or not a messenger has it open. */
  const inspect = async <T>(read: (vault: Vault) => Promise<T>): Promise<T> => {
    const vault = sqliteVault(vaultFile);
    try {
      return await read(vault);
    } finally {
      await vault.close();
    }
  };
  const only = async <T extends 'self' | 'tokens' | 'identity'>(table: T): Promise<Tables[T]> => {
    const row = readRow(table, await inspect((vault) => vault.get(table, 'only')));
    if (row === undefined) throw new Error(`no ${table} in the vault`);
    return row;
  };

  const history = (other: Addressed): Promise<Message[]> =>
    messenger().messages(conversationWith(other.address.accountId), { limit: HISTORY });
  const textsFrom = async (other: Addressed): Promise<string[]> =>
    (await history(other)).filter(({ direction }) => direction === 'in').map(({ text }) => text);
  const send = (to: Addressed, text: string): Promise<Message> =>
    messenger().sendText(to.address.accountId, text);
  const find = async ({ id, conversation }: Message): Promise<Message> => {
    const messages = await messenger().messages(conversation, { limit: HISTORY });
    const found = messages.find((message) => message.id === id);
    if (found === undefined) throw new Error('no such message');
    return found;
  };

  return {
    username,
    address,
    vaultFile,
    masters,
    shown,
    catchUps,
    faults,
    messenger,
    enter,
    enterLive: async (options) => {
      await enter(options);
      await waitFor(`${username} to be live`, () => messenger().connection().name === 'live');
    },
    leave,
    session: () => only('tokens'),
    deviceSecret: async () => (await only('self')).deviceSecret,
    registrationId: async () => (await only('identity')).registrationId,
    outboxSize: async () => (await inspect((vault) => vault.list('outbox', { limit: HISTORY }))).length,
    send,
    sendAccepted: async (to, text) => {
      const message = await send(to, text);
      return waitFor(`"${text}" to be accepted`, async () => {
        const now = await find(message);
        return now.copies === undefined ? null : now;
      });
    },
    find,
    textsFrom,
    seesLast: (other, text) =>
      waitFor(`${username} to see "${text}"`, async () => {
        const texts = await textsFrom(other);
        return texts.includes(text) ? texts : null;
      }),
    [Symbol.asyncDispose]: leave,
  };
};
