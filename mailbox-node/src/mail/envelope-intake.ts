import {
  deviceKey,
  LIMITS,
  messageTime,
  type DeviceAddress,
  type ErrorCode,
  type StoredEnvelope,
  type StoreResult,
} from '@restante/protocol';
import type { MailboxQuota } from './mailbox-quota.ts';
import type { SenderShares, SharedPlaces } from './sender-shares.ts';
import type { MailboxStore } from './mailbox-store.ts';

const refused = (code: ErrorCode): StoreResult => ({ status: 'refused', code });

/** Why an envelope may never be stored, or null. */
export const refusalOf = (envelope: StoredEnvelope, nowMs: number, ttlMs: number): ErrorCode | null => {
  const sentAt = messageTime(envelope.id);
  if (sentAt > nowMs + LIMITS.clockSkewMs) return 'clock-skew';
  if (sentAt + ttlMs <= nowMs) return 'message-expired';
  if (envelope.expiresAt > sentAt + ttlMs) return 'bad-request';
  if (envelope.expiresAt <= nowMs) return 'message-expired';
  return null;
};

type MailboxGroup = { readonly mailbox: DeviceAddress; readonly envelopes: StoredEnvelope[] };

type Reservation = {
  readonly mailbox: DeviceAddress;
  readonly shares: SharedPlaces;
  readonly granted: readonly StoredEnvelope[];
  /** In whose mailbox there is no room. */
  readonly over: readonly StoredEnvelope[];
};

const byMailbox = (envelopes: readonly StoredEnvelope[]): MailboxGroup[] => {
  const groups = new Map<string, MailboxGroup>();
  for (const envelope of envelopes) {
    const { accountId, deviceId } = envelope;
    const key = deviceKey(envelope);
    const group = groups.get(key) ?? { mailbox: { accountId, deviceId }, envelopes: [] };
    group.envelopes.push(envelope);
    groups.set(key, group);
  }
  return [...groups.values()];
};

/** Stores what may be stored within time and quota: one result per envelope, in the same order. */
export const createEnvelopeIntake = ({
  store,
  quota,
  shares,
  ttlMs,
  now,
}: {
  readonly store: MailboxStore;
  readonly quota: MailboxQuota;
  readonly shares: SenderShares;
  readonly ttlMs: number;
  readonly now: () => number;
}): ((envelopes: readonly StoredEnvelope[]) => Promise<StoreResult[]>) => {
  /** Of a mailbox, or a share of it, at its bound: a retry of what was stored before is still `stored`. */
  const resultsOverBound = async (
    mailbox: DeviceAddress,
    envelopes: readonly StoredEnvelope[],
    code: ErrorCode,
  ): Promise<StoreResult[]> => {
    if (envelopes.length === 0) return [];
    const known = await store.known(
      mailbox,
      envelopes.map(({ id }) => id),
    );
    return envelopes.map(({ id }) => (known.has(id) ? { status: 'stored' } : refused(code)));
  };

  return async (envelopes) => {
    const results = new Map<StoredEnvelope, StoreResult>();
    const note = (of: readonly StoredEnvelope[], given: readonly StoreResult[]): void => {
      of.forEach((envelope, index) => results.set(envelope, given[index] ?? refused('internal')));
    };

    const admitted: StoredEnvelope[] = [];
    for (const envelope of envelopes) {
      const code = refusalOf(envelope, now(), ttlMs);
      if (code === null) admitted.push(envelope);
      else note([envelope], [refused(code)]);
    }

    const reservations: Reservation[] = [];
    try {
      const outcomes = await Promise.allSettled(
        byMailbox(admitted).map(async ({ mailbox, envelopes: wanted }) => {
          const places = await shares.reserve(mailbox, wanted);
          const reservation = { mailbox, shares: places, granted: [], over: places.granted };
          const index = reservations.push(reservation) - 1;
          const count = await quota.reserve(mailbox, places.granted.length);
          const [granted, over] = [places.granted.slice(0, count), places.granted.slice(count)];
          reservations[index] = { ...reservation, granted, over };
        }),
      );
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      const granted = reservations.flatMap((reservation) => reservation.granted);
      if (granted.length > 0) note(granted, await store.put(granted));
      for (const { mailbox, over, shares: places } of reservations) {
        note(over, await resultsOverBound(mailbox, over, 'mailbox-full'));
        note(places.over, await resultsOverBound(mailbox, places.over, 'sender-share-full'));
      }
    } finally {
      for (const { mailbox, granted, shares: places } of reservations) {
        const stored = granted.filter((envelope) => results.get(envelope)?.status === 'stored');
        quota.settle(mailbox, granted.length, stored.length);
        const ids = new Set(stored.map(({ id }) => id));
        shares.settle(mailbox, places, (id) => ids.has(id));
      }
    }
    return envelopes.map((envelope) => results.get(envelope) ?? refused('internal'));
  };
};
