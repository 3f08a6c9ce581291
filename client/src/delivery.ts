import {
  type AccountId,
  type Envelope,
  type MessageId,
  type Receipt,
  type Welcome,
  type Versions,
} from '@restante/protocol';
import { createCatchUp } from './receiving/catch-up.ts';
import { createFollower } from './receiving/follower.ts';
import { releaseReceipts } from './receiving/held-receipts.ts';
import { createMakingGood } from './sending/making-good.ts';
import { createNewcomers } from './sending/newcomers.ts';
import { pause } from './pause.ts';
import type { ServerClock } from './server/clock.ts';
import type { Attention } from './connection/attention.ts';
import { backoffDelayMs, type Backoff } from './connection/backoff.ts';
import { createConnection } from './connection/connection.ts';
import type { ConnectionState } from './connection/machine.ts';
import type { SendFrame, SocketEvents } from './connection/socket.ts';
import type { Contacts } from './people/contacts.ts';
import type { Conversations } from './conversations/conversations.ts';
import type { Device } from './account/device.ts';
import type { IdentityGuard } from './people/identity-guard.ts';
import { createAcknowledger } from './receiving/acknowledger.ts';
import type { Arrivals } from './receiving/arrival.ts';
import { createInbox } from './receiving/inbox.ts';
import { createLiveQueue } from './receiving/live-queue.ts';
import { createUnlisted } from './receiving/unlisted.ts';
import { createOwedDeletes } from './receiving/owed-deletes.ts';
import { readAgain } from './receiving/read-again.ts';
import { requestRenewals } from './receiving/renewal.ts';
import type { OwnKeys } from './account/keys.ts';
import type { CatchUpProgress, MessengerEventSource } from './events/messenger-events.ts';
import type { Messages } from './conversations/messages.ts';
import { coalesce } from './coalesce.ts';
import type { DeviceLists } from './account/device-lists.ts';
import type { OwnList } from './account/own-list.ts';
import { syncOwnDevices } from './sending/own-devices.ts';
import type { OutdatedVault } from './receiving/outdated-vault.ts';
import type { Composer } from './sending/compose.ts';
import { createKeyFetch } from './sending/key-fetch.ts';
import { createOutbox } from './sending/outbox.ts';
import { createHistoryGiving } from './history/give-history.ts';
import { createHistoryTaking } from './history/take-history.ts';
import { createStoringAgain } from './sending/storing-again.ts';
import { createHousekeeping } from './account/housekeeping.ts';
import { createKeyRotation } from './account/key-rotation.ts';
import { createUploads } from './sending/uploads.ts';
import type { PartStore } from './files/part-store.ts';
import { blobApi } from './server/blob-api.ts';
import type { Sessions } from './sending/sessions.ts';
import type { PreferenceStore } from './account/preferences.ts';
import type { Presence } from './people/presence.ts';
import type { Ratchet } from './ratchet/ratchet.ts';
import { isAway, MessengerError } from './messenger-error.ts';
import { mailboxApi, type MailboxAccess } from './server/mailbox-api.ts';
import type { Http } from './server/http.ts';
import type { MasterApi } from './server/master-api.ts';
import type { Servers } from './server/servers.ts';
import { createProfileTelling } from './people/profile-telling.ts';
import { standingOf } from './people/standings.ts';
import { conversationWith } from './vault/conversation-id.ts';
import type { PatientStore } from './vault/patient-store.ts';
import { ONLY } from './vault/tables.ts';

/**
 * What goes on by itself between `start` and `stop`: the connection, and outbox, inbox, acknowledging and catch-up
 * as the state of the connection allows. While no master answers, mail comes from the mailbox nodes.
 */
export type Delivery = {
  readonly start: () => void;
  readonly stop: () => void;
  readonly close: () => void;
  readonly state: () => ConnectionState;
  readonly refresh: () => void;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  /** Files are to be stored, or no more. */
  readonly pumpUploads: () => void;
  /** Messages of other own devices are to be taken. */
  readonly pumpHistory: () => void;
  /** Somebody is to be told the own profile. */
  readonly tellProfile: () => void;
  /** Forgets what is old, and looks after the keys, now. */
  readonly keepHouse: () => void;
};

export type DeliveryDeps = {
  readonly servers: Servers;
  readonly returnMs: number;
  readonly http: Http;
  readonly WebSocket: typeof globalThis.WebSocket;
  readonly versions: Versions;
  readonly now: () => number;
  readonly backoff: Backoff;
  readonly patienceMs: number;
  readonly pageTimeoutMs: number;
  readonly ratchet: Ratchet;
  readonly fetch: typeof globalThis.fetch;
  readonly parts: PartStore;
  readonly events: MessengerEventSource;
  readonly store: PatientStore;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly arrivals: Arrivals;
  readonly api: MasterApi;
  readonly sessions: Sessions;
  readonly guard: IdentityGuard;
  readonly messages: Messages;
  readonly composer: Composer;
  readonly keys: OwnKeys;
  readonly contacts: Contacts;
  readonly conversations: Conversations;
  readonly preferences: PreferenceStore;
  readonly presence: Presence;
  readonly attention: Attention;
  readonly outdatedVault: OutdatedVault;
  readonly lists: DeviceLists;
  readonly ownList: OwnList;
  /** For what is known of keys: one must not be taken for older than it is. Milliseconds since 1970. */
  readonly keyTime: () => number;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
};

/** How often the house is kept during a long connection. */
const HOUSEKEEPING_MS = 24 * 60 * 60 * 1000;
/**
 * The mailboxes are read so often during a long connection, and half of that later at most: what the mesh brought a node that had forgotten
 * its deletion waits there until then.
 */
const READING_MS = 6 * 60 * 60 * 1000;

const isConnected = ({ name }: ConnectionState): boolean => name === 'catching-up' || name === 'live';
const isOver = ({ name }: ConnectionState): boolean =>
  name === 'offline' || name === 'closed' || name === 'refused';

export const createDelivery = (deps: DeliveryDeps): Delivery => {
  const { store, device, clock, api, messages, events, backoff } = deps;
  const mailboxes = mailboxApi(deps.http);
  let frames: SendFrame | null = null;
  let connected = new AbortController();
  /** Asks which own devices there are, on the connection that there is. */
  let learnOwnDevices: () => void = () => undefined;

  const onFault = (error: unknown): void => {
    if (connection.state().name === 'closed') return;
    events.emit('fault', error instanceof Error ? error : new Error('unknown fault'));
  };
  const background = (work: Promise<unknown>): void => void work.catch(onFault);
  const unlessAway = (error: unknown): void => {
    if (!isAway(error)) onFault(error);
  };

  const nodeUrls = (): readonly string[] => device.tokens().mailboxNodes;
  const renewToken = coalesce(async () => {
    if (device.mailboxToken() === null || device.areRefused()) await api.freshTokens();
  });
  const access = async (node: number): Promise<MailboxAccess> => {
    if (device.mailboxToken() === null) await renewToken();
    // One node may be wrong: the others are read meanwhile.
    else if (device.areRefused()) background(renewToken().catch(unlessAway));
    const token = device.tokens().mailboxToken;
    return { node: nodeUrls()[node] ?? '', mailbox: device.address(), token };
  };
  const deleteDirectly = async (ids: readonly MessageId[]): Promise<number> => {
    const answers = await Promise.allSettled(
      nodeUrls().map(async (_, node) => mailboxes.delete(await access(node), ids)),
    );
    for (const answer of answers) if (answer.status === 'rejected') unlessAway(answer.reason);
    return answers.filter(({ status }) => status === 'fulfilled').length;
  };

  const outbox = createOutbox({
    ...deps,
    keyFetch: createKeyFetch(
      store,
      device,
      { keys: api.keys, deviceList: api.deviceList, isRemoved: deps.contacts.isRemoved },
      deps.lists,
      deps.sessions,
      deps.composer,
    ),
    onHeldUp: (accountId, code) =>
      events.emit('held-up', { conversation: conversationWith(accountId), code }),
    measureTime: () => frames?.({ type: 'ping' }),
    onLeftOut: () => makingGood.noted(),
    onDevicesTold: () => makingGood.told(),
    onFault,
  });
  const blobs = blobApi(deps.http, deps.fetch);
  const uploads = createUploads({ ...deps, blobs, onQueued: outbox.pump, onFault });
  const storingAgain = createStoringAgain({ ...deps, blobs, onQueued: outbox.pump, onFault });
  const givingHistory = createHistoryGiving({ ...deps, blobs, onQueued: outbox.pump, onFault });
  const takingHistory = createHistoryTaking({
    ...{ ...deps, blobs, onQueued: outbox.pump, onFault },
    onHistory: () => takingHistory.pump(),
  });
  const owedDeletes = createOwedDeletes({
    store,
    deleteEverywhere: async (ids) => (await deleteDirectly(ids)) === nodeUrls().length,
    backoff,
    onFault,
  });
  const acknowledger = createAcknowledger({
    store,
    tokens: device.tokens,
    deleteDirectly,
    owed: owedDeletes,
    mayDeleteDirectly: () => following,
    retryMs: backoff.maxMs,
    onFault,
  });
  let renewalTimer: ReturnType<typeof setTimeout> | undefined;
  const onRenewalDue = (inMs: number): void => {
    clearTimeout(renewalTimer);
    renewalTimer = setTimeout(renewOutstanding, inMs);
  };
  const renewOutstanding = (): void =>
    background(
      store
        .transact((transaction) => requestRenewals(transaction, { ...deps, onRenewalDue }))
        .then(outbox.pump),
    );
  const tellNewcomers = createNewcomers(deps, outbox.pump);
  const tellProfile = createProfileTelling(deps, outbox.pump);
  const makingGood = createMakingGood({
    ...deps,
    askOwnDevices: () => learnOwnDevices(),
    onQueued: outbox.pump,
    onFault,
  });
  /** Whether receipts may be held: known after the first look. */
  let isHolding = true;
  const release = coalesce(async () => {
    if (!isHolding) return;
    isHolding = false;
    const { isAnyOwed, isAnyHeld } = await releaseReceipts(store, clock.now());
    isHolding ||= isAnyHeld;
    if (isAnyOwed) acknowledger.sweep();
  });
  const onIntroduced = (): void => {
    background(release());
    takingHistory.pump();
  };
  // Nodes take no mailbox tokens from before this list once they have seen one of it: whoever was removed reads nothing more there.
  events.on('device-list', ({ accountId }) => {
    makingGood.told();
    if (accountId !== device.accountId() || frames === null) return;
    background(api.freshTokens().then(() => catchUp.run(), unlessAway));
  });
  events.on('conversation', ({ standing }) => {
    if (isHolding && standing !== 'request') onIntroduced();
  });
  const applying = {
    ...deps,
    onNameHint: (accountId: AccountId, username: string) =>
      background(deps.contacts.verify(accountId, username)),
    onListExpected: (accountId: AccountId) => unlisted.ask(accountId),
    onNewcomer: () => background(tellNewcomers()),
    onIntroduced,
    onProfileDue: () => background(tellProfile()),
    onFileDue: storingAgain.pump,
    onHistoryDue: givingHistory.pump,
    onHistory: takingHistory.pump,
  };
  const inbox = createInbox({
    ...applying,
    onRenewalDue,
    onUnlisted: (envelopes) => unlisted.hold(envelopes),
    onKept: (owed) => {
      isHolding ||= owed.some(({ value }) => value.held);
      acknowledger.acknowledge(owed);
      outbox.pump();
    },
  });

  let isCaughtUp = false;
  let progress: CatchUpProgress | null = null;
  /** Not complete while it is not known whether what came of a device is to be heard (law 11). */
  const tellProgress = (next: CatchUpProgress): void => {
    progress = next;
    const isSettled = unlisted.isIdle();
    // Without a master nobody tells: what a stranger has sent then must not hold back the rest.
    const running = next.running || (!isSettled && frames !== null);
    const complete = next.complete && isSettled;
    isCaughtUp = complete && !running;
    events.emit('catch-up', { ...next, running, complete });
  };

  const unlisted = createUnlisted({
    ...{ store, api, lists: deps.lists, backoff, patienceMs: deps.patienceMs, onFault },
    take: inbox.take,
    readAgain: () => background(catchUp.run()),
    onIdle: () => {
      if (progress !== null) tellProgress({ ...progress, expired: 0 });
    },
  });
  let taking: Promise<unknown> = Promise.resolve();
  /** In the order in which batches come: none overtakes one that waits for a list. */
  const take = (batch: readonly Envelope[]): Promise<number> => {
    const taken = taking.then(async () => {
      await unlisted.prepare(batch);
      return inbox.take(batch);
    });
    taking = taken.catch(() => undefined);
    return taken;
  };
  const live = createLiveQueue(take, () => background(catchUp.run()), onFault);
  const newlyExpired = (expired: number, complete: boolean): Promise<number> =>
    store.transact(async (transaction) => {
      // Vaults of the first release may hold NaN.
      const told = Number(await transaction.get('expired', ONLY)) || 0;
      if (expired > told || (complete && expired < told)) transaction.put('expired', ONLY, expired);
      return Math.max(0, expired - told);
    });
  const catchUp = createCatchUp({
    nodes: () => ({ count: nodeUrls().length, writeConcern: device.tokens().writeConcern }),
    list: async (node, after, signal) =>
      mailboxes.list(await access(node), after, signal, deps.pageTimeoutMs),
    page: async (node, after, limit, signal) =>
      mailboxes.page(await access(node), after, limit, signal, deps.pageTimeoutMs),
    share: () => parseInt(device.address().accountId.slice(0, 8), 16),
    unknown: async (ids) => {
      const { fresh, returned } = await inbox.sift(ids);
      if (returned.length > 0) background(deleteDirectly(returned));
      return new Set(fresh);
    },
    take,
    hold: () => {
      live.hold();
      acknowledger.hold();
    },
    release: () => {
      live.release();
      acknowledger.release();
    },
    newlyExpired,
    onProgress: tellProgress,
    onFault,
    backoff,
    patienceMs: deps.patienceMs,
    isLeft: (node) => deps.servers.isLeft(URL.parse(nodeUrls()[node] ?? '')?.origin ?? ''),
  });

  let following = false;
  const follower = createFollower({
    nodeCount: () => nodeUrls().length,
    events: async function* (node, signal, onOpen) {
      yield* mailboxes.events(await access(node), signal, onOpen);
    },
    onEnvelope: live.push,
    onFault,
    onOpen: () => {
      background(catchUp.run());
      acknowledger.sweep();
    },
    backoff,
  });
  const follow = (wanted: boolean): void => {
    following = wanted;
    if (wanted) follower.follow();
    else follower.unfollow();
  };

  /** What a person has read is told inside the ciphertext. */
  const onReceipt = ({ accountId, ids }: Receipt): void => {
    outbox.onTakenBy(accountId);
    background(
      store.transact(async (transaction) => {
        if ((await standingOf(transaction, accountId)) === 'blocked') return;
        await deps.outdatedVault.learn(transaction, accountId, { ids });
        for (const sent of await transaction.getMany('sentIds', ids)) {
          if (!sent?.messageKey) continue;
          const message = await transaction.get('messages', sent.messageKey);
          if (message?.conversation === conversationWith(accountId))
            await messages.advance(transaction, device.accountId(), sent.messageKey, 'delivered');
        }
      }),
    );
  };

  const lookAfterHouse = createHousekeeping({
    ...{ store, clock, now: deps.now },
    rotateKeys: createKeyRotation(store, device, api, deps.ratchet, deps.keyTime),
  });
  let houseTimer: ReturnType<typeof setTimeout> | undefined;
  const keepHouse = (): void => {
    clearTimeout(houseTimer);
    houseTimer = setTimeout(keepHouse, HOUSEKEEPING_MS);
    background(lookAfterHouse());
    onIntroduced();
  };

  let readingTimer: ReturnType<typeof setTimeout> | undefined;
  const readLater = (): void => {
    clearTimeout(readingTimer);
    readingTimer = setTimeout(
      () => {
        background(catchUp.run());
        readLater();
      },
      Math.round(READING_MS * (1 + Math.random() / 2)),
    );
  };

  /** What was accepted before a master said so has been pushed before, and read or taken by now. */
  const onPong = (serverTimeMs: number, tookMs: number): void => {
    background(clock.observe(serverTimeMs, tookMs).then(outbox.onTimeMeasured));
    if (isCaughtUp && live.isIdle() && unlisted.isIdle()) background(deps.arrivals.taken(serverTimeMs));
  };

  /**
   * Own devices are asked for until a master tells them. Sending waits for that, so that they get their copies, but not for a
   * master that cannot tell: then the copies follow. A device that is not on the list of its account sends nothing.
   */
  const beginSending = (send: SendFrame): void => {
    connected = new AbortController();
    const { signal } = connected;
    let isSending = false;
    const begin = async (ownDevices: 'known' | 'unknown'): Promise<void> => {
      const listing = await deps.ownList.listing();
      const isListed = listing === 'listed' || listing === 'replaced';
      if (signal.aborted) return;
      if (!isListed) {
        outbox.disconnect();
        deps.presence.disconnect();
      } else if (!isSending) {
        outbox.connect(send, ownDevices);
        deps.presence.connect(send);
      } else if (ownDevices === 'known') outbox.onOwnDevicesKnown();
      isSending = isListed;
    };
    const learn = coalesce(async (): Promise<void> => {
      for (let attempt = 1; !signal.aborted; attempt += 1) {
        try {
          if (await syncOwnDevices(deps)) await outbox.addOwnCopies();
          await begin('known');
          await tellNewcomers();
          makingGood.told();
          takingHistory.pump();
          return;
        } catch (error) {
          if (!isAway(error)) onFault(error);
          await begin('unknown');
        }
        await pause(backoffDelayMs(backoff, attempt, Math.random()), signal);
      }
    });
    learnOwnDevices = () => background(learn());
    learnOwnDevices();
    background(pause(deps.patienceMs, signal).then(() => (isSending ? undefined : begin('unknown'))));
  };

  const leaveConnection = (): void => {
    frames = null;
    clock.disconnect();
    connected.abort();
    outbox.disconnect();
    acknowledger.disconnect();
    deps.presence.disconnect();
  };

  const onWelcome = (welcome: Welcome, send: SendFrame, tookMs: number): void => {
    // Another connection may have been live until now.
    leaveConnection();
    frames = send;
    isCaughtUp = false;
    clock.connect(() => send({ type: 'ping' }));
    background(clock.observe(welcome.serverTime, tookMs));
    follow(false);
    acknowledger.connect(send);
    beginSending(send);
    unlisted.connect(connected.signal);
    makingGood.connect(connected.signal);
    keepHouse();
    readLater();
    renewOutstanding();
  };

  const onFrame: SocketEvents['onFrame'] = (frame, send, tookMs) => {
    switch (frame.type) {
      case 'welcome':
        onWelcome(frame, send, tookMs);
        break;
      case 'accepted':
        outbox.onAccepted(frame);
        break;
      case 'refused':
        outbox.onRefused(frame);
        break;
      case 'acknowledged':
        acknowledger.onAcknowledged(frame);
        break;
      case 'envelope':
        live.push(frame.envelope);
        break;
      case 'catch-up':
        background(catchUp.run());
        break;
      case 'receipt':
        onReceipt(frame);
        break;
      case 'typing':
        deps.presence.onTyping(frame);
        break;
      case 'presence':
        deps.presence.onPresence(frame);
        break;
      case 'keys-low':
        background(deps.keys.replenish(frame.stock));
        break;
      case 'devices':
        learnOwnDevices();
        break;
      case 'error':
        onFault(new MessengerError(frame.error.code, frame.error.message, { body: frame.error }));
        break;
      case 'pong':
        onPong(frame.serverTime, tookMs);
        break;
    }
  };

  const onState = (state: ConnectionState): void => {
    if (!isConnected(state)) leaveConnection();
    if (state.name === 'waiting') follow(true);
    if (isOver(state)) {
      follow(false);
      catchUp.stop();
      owedDeletes.stop();
      uploads.stop();
      storingAgain.stop();
      givingHistory.stop();
      takingHistory.stop();
      clearTimeout(renewalTimer);
      clearTimeout(houseTimer);
      clearTimeout(readingTimer);
    } else {
      owedDeletes.start();
      uploads.start();
      storingAgain.start();
      givingHistory.start();
      takingHistory.start();
    }
    events.emit('connection', state);
  };

  const connection = createConnection({
    servers: deps.servers,
    returnMs: deps.returnMs,
    backoff,
    WebSocket: deps.WebSocket,
    versions: deps.versions,
    attention: deps.attention,
    now: deps.now,
    token: device.masterToken,
    authenticate: api.renewTokens,
    onFrame,
    onCatchUp: (caughtUp) =>
      background(
        catchUp.run().then(() => {
          frames?.({ type: 'ping' });
          caughtUp();
        }),
      ),
    onState,
    onFault,
  });

  return {
    start: () => {
      background(readAgain(store, applying));
      background(tellProfile());
      connection.start();
    },
    stop: connection.stop,
    close: connection.close,
    state: connection.state,
    refresh: () => {
      store.retryNow();
      uploads.retryNow();
      storingAgain.pump();
      connection.retryNow();
      if (!isOver(connection.state())) background(catchUp.run());
    },
    pump: outbox.pump,
    pumpUploads: uploads.pump,
    pumpHistory: takingHistory.pump,
    tellProfile: () => background(tellProfile()),
    keepHouse,
  };
};
