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
import { isAway, MessengerError } from '../messenger-error.ts';
import type { Messages } from '../conversations/messages.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { OutboxEntry } from '../vault/tables.ts';
import { isOpen, type Composer } from './compose.ts';
import type { KeyFetch, Readiness } from './key-fetch.ts';
import type { Sessions } from './sessions.ts';

/**
 * Sends what is in the outbox, in order, until each entry is accepted or refused for good. That somebody or something
 * was not found ends nothing; only the directory's record that the account has ended does. An entry that
 * cannot go now (it waits for keys, or was told to come later) is parked, and so is what follows it for the
 * same account; the others go on. After a reconnection everything is sent again: same id, same bytes, so it
 * is the same write (law 4).
 */

const WINDOW_SENDS = 64;
const WINDOW_BYTES = 512 * 1024;
const PAGE = 32;
const MAX_PARKED = 512;
/** Repairs of the device set of an entry, one upon the other, before each further one waits a while. */
const MAX_REPAIRS = 5;
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
  /** The server's time has just been measured. */
  readonly onTimeMeasured: () => void;
};

export type OutboxDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly messages: Messages;
  readonly composer: Composer;
  readonly sessions: Pick<Sessions, 'activeDevices'>;
  readonly keyFetch: KeyFetch;
  readonly backoff: Backoff;
  /** Has the server's time measured. */
  readonly measureTime: () => void;
  readonly onFault: (error: unknown) => void;
};

type Row = { readonly key: MessageId; readonly value: OutboxEntry };

const bytesOf = (entry: OutboxEntry): number =>
  entry.recipients.reduce(
    (sum, { envelopes }) => sum + envelopes.reduce((bytes, { payload }) => bytes + payload.length, 0),
    0,
  );

const frameOf = ({ key, value }: Row): Send => ({
  type: 'send',
  id: key,
  recipients: value.recipients.map(({ accountId, envelopes }) => ({ accountId, envelopes: [...envelopes] })),
});

export const createOutbox = (deps: OutboxDeps): Outbox => {
  const { store, device, clock, messages, composer, keyFetch, backoff, onFault } = deps;
  let send: ((frame: Send) => void) | null = null;
  let areOwnDevicesKnown = false;
  let cursor = '';
  let inFlightBytes = 0;
  const inFlight = new Map<MessageId, number>();
  /** Sent while it was not known which own devices there are. */
  const uncertain = new Set<MessageId>();
  /** Accounts that an entry which cannot go now is for. */
  const parked = new Map<MessageId, readonly AccountId[]>();
  /** How often an entry was told to come later, and how often its device set was repaired: neither counts for the other. */
  const delays = new Map<MessageId, number>();
  const repaired = new Map<MessageId, number>();
  /** Refused for a time in the future: they get new ids when the server's time is known. */
  const skewed = new Set<MessageId>();
  const timers = new Set<ReturnType<typeof setTimeout>>();

  const accountsOf = (entry: OutboxEntry): AccountId[] =>
    entry.recipients.map(({ accountId }) => accountId).filter((id) => id !== device.accountId());

  const unpark = (): void => {
    parked.clear();
    cursor = '';
    pump();
  };
  const countUp = (counts: Map<MessageId, number>, id: MessageId): number => {
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    return count;
  };
  const later = (attempt: number, action: () => void, atLeastMs = 0): void => {
    const delayMs = Math.max(atLeastMs, backoffDelayMs(backoff, attempt, Math.random()));
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, delayMs);
    timers.add(timer);
  };
  const unparkLater = (id: MessageId, retryAfterMs?: number): void =>
    later(countUp(delays, id), unpark, retryAfterMs);
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
      if (messageKey !== null) await messages.advance(transaction, messageKey, 'accepted', { copies });
      if (!uncertain.delete(id) || recipients.length === 0 || composer.withOwnCopy(entry) === entry) return;
      const copy = { to: null, ownCopy, renew: [], shows: null, asksOwnDevices: true };
      await composer.enqueue(transaction, await clock.mint(transaction), copy);
    });
  /** For good. Of a text the person sees it, and of a deletion; of everything that has no row a fault tells it. */
  const fail = (id: MessageId, failure: ErrorCode | 'keys-changed'): Promise<void> =>
    settle(id, async (transaction, { messageKey, takesBack }) => {
      if (messageKey !== null) {
        await messages.advance(transaction, messageKey, 'failed', { failure });
        return;
      }
      if (takesBack) await messages.noteNotTakenBack(transaction, device.accountId(), takesBack, failure);
      const error = new MessengerError(failure, 'what was queued is given up');
      transaction.afterCommit(() => onFault(error));
    });

  const failExpiredOrWait = async (id: MessageId): Promise<void> => {
    if (messageTime(id) + LIMITS.messageTtlMs > clock.now()) unparkLater(id);
    else {
      await fail(id, 'message-expired');
      unpark();
    }
  };

  /** Runs what makes a parked entry ready, then lets it and what waits behind it go. */
  const makeReady = async (id: MessageId, work: () => Promise<Readiness>): Promise<void> => {
    try {
      const readiness = await work();
      if (readiness === 'empty') await succeed(id, 0);
      if (readiness === 'keys-changed') await fail(id, readiness);
      if (readiness === 'account-removed') await fail(id, 'not-found');
      if (readiness === 'later') await failExpiredOrWait(id);
      else unpark();
    } catch (error) {
      // What a master says of keys or of this device says nothing of the recipient.
      if (!isAway(error)) onFault(error);
      unparkLater(id, error instanceof MessengerError ? error.body?.retryAfterMs : undefined);
    }
  };
  const background = (work: Promise<unknown>): void => void work.catch(onFault);

  /** Encrypts what was queued before there was a session, in one commit for the page. */
  const encryptPage = (rows: readonly Row[]): Promise<Row[]> =>
    Promise.all(
      rows.map(async (row) => {
        if (!row.value.recipients.some(isOpen) || row.value.renew.length > 0) return row;
        return store.transact(async (transaction) => {
          const current = (await transaction.get('outbox', row.key)) ?? row.value;
          const entry = await composer.encrypt(transaction, current);
          transaction.put('outbox', row.key, entry);
          return { key: row.key, value: entry };
        });
      }),
    );

  /** What was queued before there were other own devices goes to them as well. */
  const addOwnCopies = async (): Promise<void> => {
    const others = await store.transact((transaction) =>
      deps.sessions.activeDevices(transaction, device.accountId()),
    );
    for (let after = ''; others.length > 0;) {
      const rows = await store.list('outbox', { after, limit: PAGE });
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.key;
      await store.transact(async (transaction) => {
        for (const { key } of rows.filter((row) => !inFlight.has(row.key))) {
          const entry = await transaction.get('outbox', key);
          const completed = entry && composer.withOwnCopy(entry);
          if (completed !== entry && completed) transaction.put('outbox', key, completed);
        }
      });
    }
  };

  const isBlocked = (entry: OutboxEntry): boolean => {
    const accounts = accountsOf(entry);
    return [...parked.values()].flat().some((account) => accounts.includes(account));
  };

  /** False when the window is full. */
  const offer = (row: Row): boolean => {
    const { key, value } = row;
    if (inFlight.has(key) || parked.has(key)) return true;
    if (isBlocked(value)) return parked.size < MAX_PARKED && parked.set(key, accountsOf(value)).size > 0;
    if (value.renew.length > 0 || value.recipients.length === 0 || value.recipients.some(isOpen)) {
      parked.set(key, accountsOf(value));
      background(makeReady(key, () => keyFetch.prepare(key)));
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
    if (!areOwnDevicesKnown) uncertain.add(key);
    send?.(frameOf(row));
    return true;
  };

  const pumpOnce = coalesce(async () => {
    while (send !== null) {
      const rows = await encryptPage(await store.list('outbox', { after: cursor, limit: PAGE }));
      if (rows.length === 0) return;
      for (const row of rows) {
        if (!offer(row)) return;
        cursor = row.key;
      }
    }
  });
  const pump = (): void => background(pumpOnce());

  const park = async (id: MessageId): Promise<void> => {
    const entry = await store.get('outbox', id);
    if (entry !== undefined) parked.set(id, accountsOf(entry));
  };

  /** It was never accepted under this id, so a new one makes no second message. */
  const remint = (id: MessageId): Promise<void> =>
    store.transact(async (transaction) => {
      const entry = await transaction.get('outbox', id);
      if (entry === undefined) return;
      await clock.rewind(transaction);
      const newId = await clock.mint(transaction);
      const self = device.address();
      const { messageKey } = entry;
      const key =
        messageKey && (await messages.move(transaction, self.accountId, messageKey, messageTime(newId)));
      const sent = await transaction.get('sentIds', deriveMessageId(self, id));
      transaction.delete('sentIds', deriveMessageId(self, id));
      if (sent) transaction.put('sentIds', deriveMessageId(self, newId), { ...sent, messageKey: key });
      transaction.delete('outbox', id);
      transaction.put('outbox', newId, { ...entry, messageKey: key });
    });

  const remintSkewed = async (): Promise<void> => {
    if (skewed.size === 0) return;
    const ids = [...skewed].sort();
    skewed.clear();
    await Promise.all(ids.map(remint));
    unpark();
  };

  /** One repair at a time: the next one finds the sessions that this one has started. */
  let repairs: Promise<void> = Promise.resolve();
  const repair = (id: MessageId, mismatches: readonly DeviceMismatch[]): Promise<void> => {
    const done = repairs.then(() => makeReady(id, () => keyFetch.repair(id, mismatches)));
    repairs = done.catch(() => undefined);
    return done;
  };

  /** Goes on for as long as the devices do not fit: at once, or, when that has not helped for a while, later and later. */
  const repairInTime = async (id: MessageId, mismatches: readonly DeviceMismatch[]): Promise<void> => {
    const count = countUp(repaired, id);
    if (count <= MAX_REPAIRS) await repair(id, mismatches);
    else later(count - MAX_REPAIRS, () => background(repair(id, mismatches)));
  };

  const refuse = async ({ id, error }: Refused): Promise<void> => {
    await park(id);
    land(id);
    if (error.code === 'devices-changed') await repairInTime(id, error.mismatches ?? []);
    else if (error.code === 'not-found') await makeReady(id, () => keyFetch.checkRemoved(id));
    else if (error.code === 'clock-skew') {
      skewed.add(id);
      deps.measureTime();
    } else if (ERRORS[error.code].retry) unparkLater(id, error.retryAfterMs);
    else {
      await fail(id, error.code);
      unpark();
    }
  };

  return {
    connect: (sendFrame, ownDevices) => {
      send = sendFrame;
      areOwnDevicesKnown = ownDevices === 'known';
      unpark();
    },
    onOwnDevicesKnown: () => {
      areOwnDevicesKnown = true;
      unpark();
    },
    addOwnCopies,
    disconnect: () => {
      send = null;
      areOwnDevicesKnown = false;
      inFlight.clear();
      uncertain.clear();
      inFlightBytes = 0;
      parked.clear();
      delays.clear();
      repaired.clear();
      skewed.clear();
      for (const timer of timers) clearTimeout(timer);
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
    onTimeMeasured: () => background(remintSkewed()),
    onRefused: (frame) => background(refuse(frame)),
  };
};
