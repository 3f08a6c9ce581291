import { VERSIONS } from '@restante/protocol';
import { createAccount, type Account } from './account/account.ts';
import { serverClock } from './server/clock.ts';
import { createConfirmedTime } from './server/confirmed-time.ts';
import { createAttention } from './connection/attention.ts';
import type { ConnectionState } from './connection/machine.ts';
import { createContacts } from './people/contacts.ts';
import type { ConversingDeps } from './conversations/conversing.ts';
import { createConversations } from './conversations/conversations.ts';
import { createExpiring } from './conversations/expiring.ts';
import { actsCode, actsOnDemand, type Acts } from './acts-on-demand.ts';
import { deliveryCode, deliveryOnDemand } from './delivery-on-demand.ts';
import { createDevice } from './account/device.ts';
import { createKeepRegistered, noteNewDevice } from './account/enroll.ts';
import { memoryPartStore } from './files/memory-part-store.ts';
import { createEvents, type Events } from './events/events.ts';
import { createArrivals } from './receiving/arrival.ts';
import { createIdentityGuard } from './people/identity-guard.ts';
import { accountKeyCode } from './account/key-code.ts';
import { ownKeys } from './account/keys.ts';
import type { MessengerEvents } from './events/messenger-events.ts';
import { createMessages } from './conversations/messages.ts';
import { DEFAULT_PACE, type MessengerOptions } from './options.ts';
import { createOutdatedVault } from './receiving/outdated-vault.ts';
import { createComposer } from './sending/compose.ts';
import { noteUnknown } from './sending/left-out.ts';
import { createSessions } from './sending/sessions.ts';
import { createDeviceLists } from './account/device-lists.ts';
import { createOwnList } from './account/own-list.ts';
import { createPreferences, type Preferring } from './account/preferences.ts';
import { createPresence, type Presenting } from './people/presence.ts';
import { createReading, type Reading } from './conversations/reading.ts';
import { createHttp } from './server/http.ts';
import { askHealth } from './server/ask-health.ts';
import { masterApi } from './server/master-api.ts';
import { createServers } from './server/servers.ts';
import { MessengerError } from './messenger-error.ts';
import { named } from './vault/conversation-id.ts';
import { createPatientStore } from './vault/patient-store.ts';
import type { UnusedFiles } from './files/unused-files.ts';
import type { MessageFile } from './vault/tables.ts';
import { createVaultStore } from './vault/store.ts';

/** The messenger of one device of one account. Errors are `MessengerError`s. */
export type Messenger = Account &
  Acts &
  Presenting &
  Reading &
  Preferring & {
    /** Fetches the code that is for who has an account, which `start` does too. Throws `unreachable`; may be tried again. */
    readonly loadCode: () => Promise<void>;
    /** Connects and stays connected. */
    readonly start: () => Promise<void>;
    readonly stop: () => void;
    readonly connection: () => ConnectionState;
    /** Ends a wait for the next attempt or a refusal, and reads the mailboxes again. */
    readonly refresh: () => void;
    readonly on: Events<MessengerEvents>['on'];
    readonly [Symbol.asyncDispose]: () => Promise<void>;
  };

const DEFAULTS = {
  now: Date.now,
  monotonic: () => performance.now(),
  random: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes),
  versions: VERSIONS,
  ...DEFAULT_PACE,
};

/** A messenger over a vault. Nothing happens before `start`, `register` or `login`. */
export const createMessenger = (given: MessengerOptions): Messenger => {
  const options = {
    ...DEFAULTS,
    fetch: globalThis.fetch.bind(globalThis),
    WebSocket: globalThis.WebSocket,
    ...given,
  };
  const { now, ratchet } = options;
  const events = createEvents<MessengerEvents>();
  const store = createVaultStore(options.vault, (fault) => events.emit('fault', fault));
  const patient = createPatientStore(store, options.backoff, (failure) => {
    if (failure === null) events.emit('storage', 'working');
    else {
      events.emit('storage', failure.code === 'storage-full' ? 'full' : 'failing');
      events.emit('fault', failure);
    }
  });
  const clock = serverClock({ ...options, store: patient });
  const device = createDevice(patient, clock, options.monotonic);
  const arrivals = createArrivals(patient, clock, device);
  const http = createHttp(options.fetch, options.versions, device.refuse);
  const servers = createServers({
    given: options.masters,
    named: device.masters,
    ask: (origin, signal) => askHealth(http, origin, signal),
    monotonic: options.monotonic,
  });
  const api = masterApi(servers, http, device, (error) =>
    events.emit('fault', error instanceof Error ? error : new Error('unknown fault')),
  );
  const parts = options.parts ?? memoryPartStore();
  const conversations = createConversations(events, device);
  const confirmed = createConfirmedTime({ ...options, store: patient, clock });
  const messages = createMessages({
    ...{ events, conversations, now: clock.now },
    hasPassed: (timeMs) => timeMs <= confirmed.now(),
    onExpiry: (expiresAt) => expiring.expect(expiresAt),
    onFilesGone: (files) => onFilesGone(files),
  });
  const guard = createIdentityGuard({ device, clock, messages, conversations });
  const lists = createDeviceLists(device, events, guard.observe, noteUnknown);
  const ownList = createOwnList({
    ...{ device, api, lists, events, store, clock },
    random: options.random,
  });
  const sessions = createSessions(device, ratchet, now, (error) => events.emit('fault', error));
  const composer = createComposer(device, sessions);
  /** A key must not be taken for older than it is. */
  const keyTime = (): number => Math.max(now(), clock.now());
  const keys = ownKeys(store, device, api, ratchet, keyTime);
  const contacts = createContacts(store, api, conversations, options.monotonic);
  const preferences = createPreferences(store, events);
  const presence = createPresence(patient, events, preferences);
  const attention = createAttention();
  const outdatedVault = createOutdatedVault({
    ...{ device, clock, events, random: options.random },
    replaceKeys: () => delivery.keepHouse(),
  });
  const delivery = deliveryOnDemand({
    ...options,
    ...{
      events,
      device,
      clock,
      arrivals,
      api,
      parts,
      sessions,
      guard,
      messages,
      composer,
      keys,
      contacts,
    },
    ...{
      http,
      servers,
      conversations,
      preferences,
      presence,
      attention,
      outdatedVault,
      keyTime,
      lists,
      ownList,
    },
    store: patient,
  });

  /** Names of files that are being kept, and have no message yet. */
  const keeping = new Set<string>();
  let unused: UnusedFiles | null = null;
  const unusedFiles = async (): Promise<UnusedFiles> => {
    const { createUnusedFiles } = await actsCode();
    return (unused ??= createUnusedFiles({
      ...{ store: patient, parts, keeping },
      onFault: (error) => onFault(MessengerError.ofVault(error)),
    }));
  };
  /** What is not dropped now, since its code cannot be fetched, is found by a later start. */
  const tidyFiles = (what: (files: UnusedFiles) => void): void =>
    void unusedFiles().then(what, () => undefined);
  const onFilesGone = (files: readonly MessageFile[]): void => tidyFiles(({ onGone }) => onGone(files));

  const writing = {
    ...{ clock, composer, conversations, preferences, device },
    onProfileDue: delivery.tellProfile,
  };

  const onFault = (error: unknown): void => {
    if (!(error instanceof MessengerError && error.code === 'closed'))
      events.emit('fault', error instanceof Error ? error : new Error('unknown fault'));
  };
  const expiring = createExpiring({ ...{ store, clock, confirmed, messages }, onFault });
  events.on('connection', () => void expiring.look().catch(onFault));

  // What cannot be put away, on a full disk, keeps nobody from their messages: it is tried again.
  const loaded = Promise.all([
    ...[device.load(), clock.load(), arrivals.load(), preferences.load(), confirmed.load()],
  ]).then(() => expiring.look().catch(onFault));
  loaded.catch(() => undefined);

  const registered = async (): Promise<void> => {
    await loaded;
    device.self();
  };
  const loadCode = async (): Promise<void> => {
    await Promise.all([accountKeyCode(), deliveryCode(), actsCode()]);
  };
  const ready = async (): Promise<void> => {
    await registered();
    await clock.settled();
  };

  return {
    ...createAccount({ store, device, keys, ownList, api, stop: delivery.stop, loaded }),
    setTyping: presence.setTyping,
    setPresence: (state, to) => {
      attention.set(state === 'online');
      presence.setPresence(state, to);
    },
    ...createReading(store, loaded),
    preferences: preferences.preferences,
    setPreferences: preferences.setPreferences,
    ...actsOnDemand((code) => {
      const queueing = { store, clock, composer, conversations, ready, pump: delivery.pump };
      const admitWriting: ConversingDeps['admitWriting'] = (transaction, conversation, despiteKeys) =>
        code.admitWriting(transaction, writing, conversation, despiteKeys);
      return {
        ...code.createConversing({
          ...{ ...queueing, device, messages, registered, admitWriting },
          resolve: contacts.resolve,
          readReceipt: (transaction, conversation, seen) =>
            code.readReceipt(transaction, writing, named(conversation).accountId, seen),
          onUpload: delivery.pumpUploads,
        }),
        ...code.createDeviceLinks({
          ...{ store, device, keys, ownList, api, events, loaded, noteNewDevice },
          keepRegistered: createKeepRegistered({ store, device }),
          ...{ monotonic: options.monotonic, random: options.random },
        }),
        ...code.createPeople({
          ...{ ...writing, ...queueing, events, contacts },
          onFilesGone,
        }),
        ...code.createTiming({ ...queueing, device, messages, admitWriting }),
        ...code.createProfiles({ ...queueing, events, registered, onProfileDue: delivery.tellProfile }),
        ...code.createSettingUp(queueing),
        ...code.createTrust({ store, device, api, lists, guard, loaded }),
        ...code.createFiling({
          ...{ ...queueing, device, messages, events, parts, api, keeping, admitWriting },
          blobs: code.blobApi(http, options.fetch),
          random: options.random,
          resolve: contacts.resolve,
          saveDraft: (transaction, conversation, draft) =>
            conversations.change(transaction, conversation, { draft }),
          onUpload: delivery.pumpUploads,
        }),
        ...code.createFileStorage({ store, parts, keeping, registered, self: device.accountId }),
        ...code.createHistory({ store, events, registered, onHistory: delivery.pumpHistory }),
        ...code.createExporting(store, device, clock.now, loaded),
        ...code.createSearching(store, loaded),
        ...code.createStarring({ ...queueing, messages }),
      };
    }),
    loadCode,
    start: async () => {
      // Transactions check signatures, and must not wait for the network.
      await Promise.all([ready(), loadCode()]);
      await delivery.start();
      tidyFiles(({ lookAtSome }) => lookAtSome());
    },
    stop: delivery.stop,
    connection: delivery.state,
    refresh: delivery.refresh,
    on: events.on,
    [Symbol.asyncDispose]: async () => {
      delivery.close();
      expiring.stop();
      await patient.close();
      await parts.close();
    },
  };
};
