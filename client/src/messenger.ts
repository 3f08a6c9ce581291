import type { AccountId, DeviceId, Devices } from '@restante/protocol';
import { serverClock } from './clock.ts';
import { DEFAULT_BACKOFF } from './connection/backoff.ts';
import type { ConnectionState } from './connection/machine.ts';
import { createContacts } from './contacts.ts';
import { createConversing, type Conversing } from './conversing.ts';
import { createDelivery } from './delivery.ts';
import { createDevice } from './device.ts';
import { enroll } from './enroll.ts';
import { createEvents, type Events } from './events.ts';
import { ownKeys } from './keys.ts';
import type { MessengerEvents } from './messenger-events.ts';
import { createMessages } from './messages.ts';
import type { Credentials, MessengerOptions } from './options.ts';
import { createComposer } from './outbox/compose.ts';
import { createSessions } from './outbox/sessions.ts';
import { prune } from './prune.ts';
import { createReading, type Reading } from './reading.ts';
import { masterApi } from './server/master-api.ts';
import { createStore } from './vault/store.ts';

/** The messenger of one device of one account. Errors are `MessengerError`s. */
export type Messenger = Conversing &
  Reading & {
    /** Makes an account, with this vault as its first device. */
    readonly register: (credentials: Credentials) => Promise<void>;
    /** Makes this vault a new device of an account. */
    readonly login: (credentials: Credentials) => Promise<void>;
    /** Who this is; null before `register` or `login`. */
    readonly self: () => Promise<{ accountId: AccountId; deviceId: DeviceId; username: string } | null>;
    /** Connects and stays connected. */
    readonly start: () => Promise<void>;
    readonly stop: () => void;
    readonly connection: () => ConnectionState;
    /** Ends a wait for the next attempt, and reads the mailboxes again. */
    readonly refresh: () => void;
    readonly devices: () => Promise<Devices['devices']>;
    readonly removeDevice: (deviceId: DeviceId) => Promise<void>;
    /** Deletes the account and everything that waits for it; the vault is left to its owner. */
    readonly deleteAccount: (password: string) => Promise<void>;
    readonly on: Events<MessengerEvents>['on'];
    readonly [Symbol.asyncDispose]: () => Promise<void>;
  };

const DEFAULTS = {
  now: Date.now,
  random: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes),
  backoff: DEFAULT_BACKOFF,
  patienceMs: 2_000,
  pageTimeoutMs: 10_000,
};

/** A messenger over a vault. Nothing happens before `start`, `register` or `login`. */
export const createMessenger = (given: MessengerOptions): Messenger => {
  const options = {
    ...DEFAULTS,
    fetch: globalThis.fetch.bind(globalThis),
    WebSocket: globalThis.WebSocket,
    ...given,
  };
  const { masters, now, ratchet } = options;
  const events = createEvents<MessengerEvents>();
  const store = createStore(options.vault);
  const clock = serverClock(store, now, options.random);
  const device = createDevice(store, clock);
  const api = masterApi(masters, options.fetch, device);
  const sessions = createSessions(device, ratchet, events, now);
  const messages = createMessages(events, clock.now);
  const composer = createComposer(device, sessions);
  const keys = ownKeys(store, device, api, ratchet, now);
  const contacts = createContacts(store, api, messages);
  const delivery = createDelivery({
    ...options,
    ...{ events, store, device, clock, api, sessions, messages, composer, keys, contacts },
  });

  const loaded = Promise.all([device.load(), clock.load()]);
  loaded.catch(() => undefined);

  const ready = async (): Promise<void> => {
    await loaded;
    device.self();
  };

  return {
    register: async (credentials) => {
      await loaded;
      await enroll({ store, device, keys }, api.register, credentials);
    },
    login: async (credentials) => {
      await loaded;
      await enroll({ store, device, keys }, api.login, credentials);
    },
    self: async () => {
      await loaded;
      return device.isRegistered() ? { ...device.address(), username: device.self().username } : null;
    },
    start: async () => {
      await ready();
      await prune(store, clock.now());
      delivery.start();
    },
    stop: delivery.stop,
    connection: delivery.state,
    refresh: delivery.refresh,
    ...createConversing({ store, device, clock, messages, composer, contacts, delivery, ready }),
    ...createReading(store),
    devices: async () => (await api.devices()).devices,
    removeDevice: api.removeDevice,
    deleteAccount: async (password) => {
      await api.deleteAccount(password);
      delivery.stop();
    },
    on: events.on,
    [Symbol.asyncDispose]: async () => {
      delivery.close();
      await store.close();
    },
  };
};
