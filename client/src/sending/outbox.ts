import {
  deriveMessageId,
  ERRORS,
  LIMITS,
  messageTime,
  type Accepted,
  type AccountId,
  type DeviceMismatch,
  type ErrorCode,
  type MessageId,
  type Refused,
  type Send,
} from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import { coalesce } from '../coalesce.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import type { Device } from '../account/device.ts';
import type { NoRoom } from '../events/messenger-events.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import { firstIdAt } from '../vault/keys.ts';
import { pagesOf } from '../vault/pages.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { EditReference, Failure, Message, MessageState, OutboxEntry } from '../vault/tables.ts';
import { isOpen, type Composer } from './compose.ts';
import type { KeyFetch, Readiness } from './key-fetch.ts';
import type { Sessions } from './sessions.ts';
import { noteLeftOut } from './left-out.ts';
import { createTurns, type Turns } from './turns.ts';

/**
 * Sends what is in the outbox, in order, until each entry is accepted or refused for good. That somebody or something
 * was not found ends nothing; only the directory's record that the account has ended does. An entry that
 * cannot go now (it waits for keys, or was told to come later) is parked by its id, and so is what follows it for the
 * same account; the others go on. What is parked is read again when that one entry may go, or what it was behind; keys are
 * fetched for a few at a time, and for nobody while a master asks to wait. After a reconnection everything is sent again: same id, same bytes, so it
 * is the same write (law 4).
 */

const WINDOW_SENDS = 64;
const WINDOW_BYTES = 512 * 1024;
const PAGE = 32;
const MAX_PARKED = 10_000;
/** Entries whose keys are fetched at the same time. */
const KEY_FETCHES = 4;
/** Repairs of the device set of an entry, one upon the other, before each further one waits a while. */
const MAX_REPAIRS = 5;
/** Until somebody reads. */
const isNoRoom = (code: ErrorCode): code is NoRoom => code === 'mailbox-full' || code === 'sender-share-full';
/** Room for the fields around the payloads of a frame. */
const FRAME_MARGIN_BYTES = 64 * 1024;

export type Outbox = {
  /**
   * Sends from now on. `ownDevices`: whether this connection has told which own devices there are; as long as it has not,
   * their copies of what is sent follow when it has.
   */
  readonly connect: (send: (frame: Send) => void, ownDevices: 'known' | 'unknown') => void;
  readonly onOwnDevicesKnown: () => void;
  /** What waits goes to the own devices, too, that have become known since it was queued. */
  readonly addOwnCopies: () => Promise<void>;
  readonly disconnect: () => void;
  /** Sends what can go; to be called when something has been enqueued. */
  readonly pump: () => void;
  readonly onAccepted: (frame: Accepted) => void;
  readonly onRefused: (frame: Refused) => void;
  /** An account has taken messages: there may be room for more. */
  readonly onTakenBy: (accountId: AccountId) => void;
  /** The server's time has just been measured. */
  readonly onTimeMeasured: () => void;
};

/** The rows in which a person sees what becomes of what they have sent. */
export type SentMessages = {
  /** Moves a message forward to a state. */
  readonly advance: (
    transaction: Transaction,
    author: AccountId,
    key: string,
    state: MessageState,
    /** `wentOutAt`: by the server's clock. */
    detail?: Pick<Message, 'copies' | 'failure'> & { readonly wentOutAt?: number },
  ) => Promise<void>;
  /** Gives a message another time. Answers with its new key. */
  readonly move: (
    transaction: Transaction,
    author: AccountId,
    key: string,
    sentAt: number,
  ) => Promise<string>;
  /** The deletion of an own message could not be sent. */
  readonly noteNotTakenBack: (
    transaction: Transaction,
    self: AccountId,
    id: MessageId,
    failure: Failure,
  ) => Promise<void>;
  /** An edit of an own text could not be sent. */
  readonly noteNotEdited: (
    transaction: Transaction,
    self: AccountId,
    edit: EditReference,
    failure: Failure,
  ) => Promise<void>;
};

export type OutboxDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  /** Milliseconds since 1970 by this machine's clock. */
  readonly now: () => number;
  readonly messages: SentMessages;
  readonly composer: Composer;
  readonly sessions: Pick<Sessions, 'activeDevices'>;
  readonly keyFetch: KeyFetch;
  readonly backoff: Backoff;
  /** What is for an account waits for room there; null: no more. */
  readonly onHeldUp: (accountId: AccountId, code: NoRoom | null) => void;
  /** Something went out for the first time without a device that is on its account's list. */
  readonly onLeftOut: () => void;
  /** A master has told of devices that it has and has not. */
  readonly onDevicesTold: () => void;
  /** Has the server's time measured. */
  readonly measureTime: () => void;
  readonly onFault: (error: unknown) => void;
};

type Row = { readonly key: MessageId; readonly value: OutboxEntry };

/** `working`: it is being made ready. `resting`: until its time comes. `behind`: another one for the same account. */
type Parked = {
  readonly accounts: readonly AccountId[];
  readonly state: 'working' | 'resting' | 'behind';
};

const bytesOf = (entry: OutboxEntry): number =>
  entry.recipients.reduce(
    (sum, { envelopes }) => sum + envelopes.reduce((bytes, { payload }) => bytes + payload.length, 0),
    0,
  );

/** What accounts have given to this one, so that it is no stranger to them. */
type Accesses = ReadonlyMap<AccountId, string>;

const frameOf = ({ key, value }: Row, accesses: Accesses): Send => ({
  type: 'send',
  id: key,
  recipients: value.recipients.map(({ accountId, envelopes }) => {
    const access = accesses.get(accountId);
    return { accountId, envelopes: [...envelopes], ...(access === undefined ? {} : { access }) };
  }),
});

export const createOutbox = (deps: OutboxDeps): Outbox => {
  const { store, device, clock, messages, composer, keyFetch, backoff, onFault } = deps;
  let send: ((frame: Send) => void) | null = null;
  let ownDevices: 'known' | 'unknown' = 'unknown';
  let cursor = '';
  let inFlightBytes = 0;
  const inFlight = new Map<MessageId, number>();
  /** Sent while it was not known which own devices there are. */
  const uncertain = new Set<MessageId>();
  /** What cannot go now, and by account which entries are parked for it. */
  const parked = new Map<MessageId, Parked>();
  const parkedFor = new Map<AccountId, Set<MessageId>>();
  /** Parked no more, for each account in the order of its entries: they are read again, by their ids. */
  const freed = new Set<MessageId>();
  /** Being made ready, also when the connection they were parked on has ended. */
  const working = new Set<MessageId>();
  const keyTurns = createTurns(KEY_FETCHES);
  /** One repair at a time: the next one finds the sessions that this one has started. */
  const repairTurns = createTurns(1);
  /** How often an entry was told to come later, and how often its device set was repaired: neither counts for the other. */
  const delays = new Map<MessageId, number>();
  const repaired = new Map<MessageId, number>();
  /** Refused for a time in the future: they get new ids when the server's time is known. */
  const skewed = new Set<MessageId>();
  /** Refused for lack of room where they go. */
  const waitingForRoom = new Set<MessageId>();
  const heldUp = new Set<AccountId>();
  /** Of the last id that was given so. */
  let lastMs = 0;
  const timers = new Map<MessageId, ReturnType<typeof setTimeout>>();

  /** Whose entries wait for this one: those of other accounts, and of own devices that it needs keys of. */
  const accountsOf = (entry: OutboxEntry): AccountId[] =>
    entry.recipients
      .filter((recipient) => recipient.accountId !== device.accountId() || isOpen(recipient))
      .map(({ accountId }) => accountId);

  const parkAs = (id: MessageId, accounts: readonly AccountId[], state: Parked['state']): void => {
    parked.set(id, { accounts, state });
    for (const account of accounts) parkedFor.set(account, (parkedFor.get(account) ?? new Set()).add(id));
  };
  const takeOut = (id: MessageId): readonly AccountId[] => {
    const accounts = parked.get(id)?.accounts ?? [];
    parked.delete(id);
    for (const account of accounts) {
      const ids = parkedFor.get(account);
      ids?.delete(id);
      if (ids?.size === 0) parkedFor.delete(account);
    }
    return accounts;
  };
  /**
   * An entry may go, or is no more; and so may what is behind it, and behind that: what is for several accounts holds back
   * entries for each of them. Those that still may not are parked again when it is their turn.
   */
  const unpark = (id: MessageId): void => {
    clearTimeout(timers.get(id));
    timers.delete(id);
    waitingForRoom.delete(id);
    const released = new Set([id]);
    const accounts = new Set(takeOut(id));
    for (const account of accounts)
      for (const other of [...(parkedFor.get(account) ?? [])]) {
        if (parked.get(other)?.state !== 'behind') continue;
        released.add(other);
        for (const next of takeOut(other)) accounts.add(next);
      }
    for (const each of [...released].sort()) freed.add(each);
    pump();
  };
  const readFromStart = (): void => {
    cursor = '';
    pump();
  };
  const countUp = (counts: Map<MessageId, number>, id: MessageId): number => {
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    return count;
  };
  const later = (id: MessageId, attempt: number, action: () => void, atLeastMs = 0): void => {
    const delayMs = Math.max(atLeastMs, backoffDelayMs(backoff, attempt, Math.random()));
    const timer = setTimeout(() => {
      timers.delete(id);
      action();
    }, delayMs);
    clearTimeout(timers.get(id));
    timers.set(id, timer);
  };
  const unparkLater = (id: MessageId, retryAfterMs?: number): void => {
    const { accounts } = parked.get(id) ?? {};
    // What was parked on a connection that has ended is not waited for.
    if (accounts === undefined) return;
    parked.set(id, { accounts, state: 'resting' });
    later(id, countUp(delays, id), () => unpark(id), retryAfterMs);
  };
  /** Tells that what is for these accounts waits for room, or (null) no more. */
  const holdUp = (accounts: Iterable<AccountId>, code: NoRoom | null): void => {
    for (const account of accounts) {
      if (code !== null) heldUp.add(account);
      else if (!heldUp.delete(account)) continue;
      deps.onHeldUp(account, code);
    }
  };
  const land = (id: MessageId): void => {
    inFlightBytes -= inFlight.get(id) ?? 0;
    inFlight.delete(id);
  };

  const settle = (
    id: MessageId,
    work: (transaction: Transaction, entry: OutboxEntry) => Promise<void>,
  ): Promise<void> =>
    store.transact(async (transaction) => {
      const entry = await transaction.get('outbox', id);
      if (entry === undefined) return;
      await work(transaction, entry);
      transaction.delete('outbox', id);
      transaction.afterCommit(() => {
        delays.delete(id);
        repaired.delete(id);
      });
    });
  const succeed = (id: MessageId, copies: number): Promise<void> =>
    settle(id, async (transaction, entry) => {
      const { messageKey, ownCopy, recipients } = entry;
      transaction.afterCommit(() => holdUp(accountsOf(entry), null));
      if (await noteLeftOut(transaction, device.address(), id, entry))
        transaction.afterCommit(deps.onLeftOut);
      if (messageKey !== null)
        await messages.advance(transaction, device.accountId(), messageKey, 'accepted', {
          ...{ copies, wentOutAt: clock.now() },
        });
      if (!uncertain.delete(id) || recipients.length === 0) return;
      if ((await composer.withOwnCopy(transaction, entry)) === entry) return;
      const copy = { to: null, ownCopy, renew: [], shows: null, asksOwnDevices: true };
      await composer.enqueue(transaction, await clock.mint(transaction), copy);
    });
  /**
   * For good. Of a text the person sees it, of an edit and of a deletion; of everything that has no row a fault tells it. What was done here
   * holds on the own devices all the same.
   */
  const fail = (id: MessageId, failure: Failure): Promise<void> =>
    settle(id, async (transaction, { messageKey, takesBack, edit, recipients, ownCopy }) => {
      if (messageKey !== null) {
        await messages.advance(transaction, device.accountId(), messageKey, 'failed', { failure });
        return;
      }
      if (ownCopy !== null && recipients.some(({ accountId }) => accountId !== device.accountId())) {
        const copy = { to: null, ownCopy, renew: [], shows: null };
        await composer.enqueue(transaction, await clock.mint(transaction), copy);
      }
      if (takesBack) await messages.noteNotTakenBack(transaction, device.accountId(), takesBack, failure);
      if (edit) await messages.noteNotEdited(transaction, device.accountId(), edit, failure);
      const error = new MessengerError(failure, 'what was queued is given up');
      transaction.afterCommit(() => onFault(error));
    });

  /** It has been sent for as long as it would be kept, by this machine's clock and the server's: neither is believed alone (law 15). */
  const failExpiredOrWait = async (id: MessageId): Promise<void> => {
    if (messageTime(id) + LIMITS.messageTtlMs > Math.min(deps.now(), clock.now())) unparkLater(id);
    else {
      await fail(id, 'message-expired');
      unpark(id);
    }
  };

  /** Runs what makes a parked entry ready, then lets it and what waits behind it go. */
  const makeReady = async (id: MessageId, work: () => Promise<Readiness>): Promise<void> => {
    try {
      const readiness = await work();
      working.delete(id);
      if (readiness === 'empty') await succeed(id, 0);
      if (readiness === 'keys-changed') await fail(id, readiness);
      if (readiness === 'account-removed') await fail(id, 'not-found');
      if (readiness === 'later') await failExpiredOrWait(id);
      else unpark(id);
    } catch (error) {
      working.delete(id);
      // What a master says of keys or of this device says nothing of the recipient.
      if (!isAway(error)) onFault(error);
      const { code, body } = error instanceof MessengerError ? error : { code: null, body: null };
      // Too many questions: that is no matter of this entry alone.
      if (code === 'rate-limited')
        for (const turns of [keyTurns, repairTurns]) turns.rest(body?.retryAfterMs ?? 0);
      unparkLater(id, body?.retryAfterMs);
    }
  };
  /** The same when it is its turn, unless the connection has ended by then. */
  const makeReadyInTurn = (turns: Turns, id: MessageId, work: () => Promise<Readiness>): void =>
    turns.take(() => {
      working.add(id);
      return makeReady(id, work).catch(onFault);
    });
  const background = (work: Promise<unknown>): void => void work.catch(onFault);

  /** Encrypts what was queued before there was a session, in one commit for the page. */
  const encryptPage = async (rows: readonly Row[]): Promise<Row[]> => {
    const encrypted = await Promise.all(
      rows.map(async (row): Promise<Row | null> => {
        if (parked.has(row.key)) return row;
        if (!row.value.recipients.some(isOpen) || row.value.renew.length > 0) return row;
        return store.transact(async (transaction) => {
          const current = await transaction.get('outbox', row.key);
          if (current === undefined) return null;
          const entry = await composer.encrypt(transaction, current);
          transaction.put('outbox', row.key, entry);
          return { key: row.key, value: entry };
        });
      }),
    );
    return encrypted.filter((row) => row !== null);
  };

  /** Those of a page of what is parked no more that are there still. */
  const freedPage = async (): Promise<Row[]> => {
    const ids: MessageId[] = [];
    for (const id of freed) {
      if (ids.length === PAGE) break;
      ids.push(id);
    }
    const entries = await store.getMany('outbox', ids);
    return ids.flatMap((key, index) => {
      const value = entries[index];
      if (value === undefined) freed.delete(key);
      return value === undefined ? [] : [{ key, value }];
    });
  };

  /** What was queued before there were other own devices goes to them as well. */
  const addOwnCopies = async (): Promise<void> => {
    const others = await store.transact((transaction) =>
      deps.sessions.activeDevices(transaction, device.accountId()),
    );
    if (others.length === 0) return;
    for await (const rows of pagesOf(store, 'outbox', { limit: PAGE }))
      await store.transact(async (transaction) => {
        for (const { key } of rows.filter((row) => !inFlight.has(row.key))) {
          const entry = await transaction.get('outbox', key);
          const completed = entry && (await composer.withOwnCopy(transaction, entry));
          if (completed !== entry && completed) transaction.put('outbox', key, completed);
        }
      });
  };

  const accessesOf = async (rows: readonly Row[]): Promise<Accesses> => {
    const accounts = new Set(rows.flatMap(({ value }) => value.recipients.map(({ accountId }) => accountId)));
    accounts.delete(device.accountId());
    const wanted = [...accounts];
    const tokens = await store.getMany('accessTokens', wanted);
    return new Map(
      wanted.flatMap((account, index) =>
        tokens[index] === undefined ? [] : [[account, tokens[index]] as const],
      ),
    );
  };

  /** False when the window is full. */
  const offer = (row: Row, accesses: Accesses): boolean => {
    const { key, value } = row;
    if (inFlight.has(key) || parked.has(key)) return true;
    const accounts = accountsOf(value);
    const isBehind = accounts.some((account) => parkedFor.has(account));
    const isUnready =
      value.renew.length > 0 || value.recipients.length === 0 || value.recipients.some(isOpen);
    if (isBehind || isUnready) {
      if (parked.size >= MAX_PARKED) return false;
      parkAs(key, accounts, isBehind ? 'behind' : 'working');
      if (!isBehind && !working.has(key))
        makeReadyInTurn(keyTurns, key, () => keyFetch.prepare(key, ownDevices));
      return true;
    }
    const bytes = bytesOf(value);
    if (bytes > LIMITS.frameBytes - FRAME_MARGIN_BYTES) {
      background(fail(key, 'payload-too-large'));
      return true;
    }
    if (inFlight.size >= WINDOW_SENDS || (inFlight.size > 0 && inFlightBytes + bytes > WINDOW_BYTES))
      return false;
    inFlight.set(key, bytes);
    inFlightBytes += bytes;
    if (ownDevices === 'unknown') uncertain.add(key);
    send?.(frameOf(row, accesses));
    return true;
  };

  /** One page: of what is parked no more first, as it is older than what lies behind the cursor. False: no more can go now. */
  const offerPage = async (): Promise<boolean> => {
    const isFreed = freed.size > 0;
    let at = cursor;
    const read = isFreed ? await freedPage() : await store.list('outbox', { after: at, limit: PAGE });
    const rows = await encryptPage(read);
    if (!isFreed && freed.size > 0) return true;
    if (!isFreed && read.length === 0) {
      // With nothing before it, whatever comes next is new, wherever its time puts it.
      if (inFlight.size === 0 && parked.size === 0) cursor = '';
      return false;
    }
    const accesses = await accessesOf(rows);
    for (const row of rows) {
      if (send === null || !offer(row, accesses)) return false;
      if (isFreed) freed.delete(row.key);
      // Unless it is to be read from the start again.
      else if (cursor === at) cursor = at = row.key;
    }
    for (const { key } of read) if (isFreed) freed.delete(key);
    return true;
  };
  const pumpOnce = coalesce(async () => {
    while (send !== null && (await offerPage()));
  });
  const pump = (): void => background(pumpOnce());

  const park = async (id: MessageId, state: Parked['state']): Promise<void> => {
    const entry = await store.get('outbox', id);
    if (entry !== undefined) parkAs(id, accountsOf(entry), state);
  };

  /**
   * Under a new id, encrypted anew. Somebody may have it under the old one, which a master with another clock took: it is the same
   * message to them, and its sender still knows of it.
   */
  const remint = async (transaction: Transaction, id: MessageId): Promise<void> => {
    const entry = await transaction.get('outbox', id);
    if (entry === undefined) return;
    const newId = clock.mintAgain(lastMs);
    lastMs = messageTime(newId);
    const self = device.address();
    const { messageKey } = entry;
    const key =
      messageKey && (await messages.move(transaction, self.accountId, messageKey, messageTime(newId)));
    const recipients = entry.recipients.map((recipient) => ({ ...recipient, envelopes: [] }));
    const sent = await transaction.get('sentIds', deriveMessageId(self, id));
    if (sent)
      for (const each of [id, newId])
        transaction.put('sentIds', deriveMessageId(self, each), { ...sent, messageKey: key });
    transaction.delete('outbox', id);
    transaction.put('outbox', newId, { ...entry, recipients, messageKey: key });
  };

  /**
   * What waits under ids that no master takes gets others, in its order: by then nothing has come after it that goes before it. What is
   * queued while it is being done follows the ids from ahead, and gets another one too.
   */
  const bringBack = coalesce(async () => {
    let refused = [...skewed];
    const brought: MessageId[] = [];
    const bringPage = async (transaction: Transaction): Promise<boolean> => {
      const after = firstIdAt(clock.latest() + 1);
      const ahead = await transaction.list('outbox', { after, limit: PAGE });
      const ids = new Set([...refused, ...ahead.map(({ key }) => key)]);
      for (const id of [...ids].sort()) await remint(transaction, id);
      const isLast = ahead.length < PAGE;
      if (isLast) await clock.rewind(transaction, lastMs);
      transaction.afterCommit(() => {
        refused = [];
        brought.push(...ids);
      });
      return isLast;
    };
    try {
      while (!(await store.transact(bringPage)));
    } finally {
      for (const id of brought) {
        skewed.delete(id);
        unpark(id);
      }
      readFromStart();
    }
  });

  const repair = (id: MessageId, mismatches: readonly DeviceMismatch[]): void =>
    makeReadyInTurn(repairTurns, id, async () => {
      const readiness = await keyFetch.repair(id, mismatches);
      deps.onDevicesTold();
      return readiness;
    });

  /** Goes on for as long as the devices do not fit: at once, or, when that has not helped for a while, later and later. */
  const repairInTime = (id: MessageId, mismatches: readonly DeviceMismatch[]): void => {
    const count = countUp(repaired, id);
    if (count <= MAX_REPAIRS) repair(id, mismatches);
    else later(id, count - MAX_REPAIRS, () => repair(id, mismatches));
  };

  const refuse = async ({ id, error }: Refused): Promise<void> => {
    const isRested = error.code !== 'devices-changed' && error.code !== 'not-found';
    await park(id, isRested ? 'resting' : 'working');
    land(id);
    if (error.code === 'devices-changed') repairInTime(id, error.mismatches ?? []);
    else if (error.code === 'not-found') makeReadyInTurn(keyTurns, id, () => keyFetch.checkRemoved(id));
    else if (error.code === 'clock-skew') {
      skewed.add(id);
      deps.measureTime();
    } else if (error.code === 'message-expired') await failExpiredOrWait(id);
    else if (ERRORS[error.code].retry) {
      if (isNoRoom(error.code)) {
        waitingForRoom.add(id);
        holdUp(parked.get(id)?.accounts ?? [], error.code);
      }
      unparkLater(id, error.retryAfterMs);
    } else {
      await fail(id, error.code);
      unpark(id);
    }
  };

  return {
    connect: (sendFrame, asFarAsIsKnown) => {
      send = sendFrame;
      ownDevices = asFarAsIsKnown;
      background(bringBack());
    },
    onOwnDevicesKnown: () => {
      ownDevices = 'known';
      for (const [id, { state }] of [...parked]) if (state === 'resting' && !skewed.has(id)) unpark(id);
      pump();
    },
    addOwnCopies,
    disconnect: () => {
      send = null;
      ownDevices = 'unknown';
      inFlight.clear();
      uncertain.clear();
      inFlightBytes = 0;
      parked.clear();
      parkedFor.clear();
      freed.clear();
      keyTurns.clear();
      repairTurns.clear();
      delays.clear();
      repaired.clear();
      skewed.clear();
      waitingForRoom.clear();
      holdUp([...heldUp], null);
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
    pump,
    onAccepted: ({ id, copies }) => {
      background(
        succeed(id, copies).then(() => {
          land(id);
          pump();
        }),
      );
    },
    onTimeMeasured: () => background(bringBack()),
    onRefused: (frame) => background(refuse(frame)),
    onTakenBy: (accountId) => {
      for (const id of [...(parkedFor.get(accountId) ?? [])]) if (waitingForRoom.has(id)) unpark(id);
    },
  };
};
