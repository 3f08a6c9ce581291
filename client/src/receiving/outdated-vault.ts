import { LIMITS, messageTime, type AccountId, type MessageId } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import type { Device } from '../account/device.ts';
import { MessengerError } from '../messenger-error.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { generationOfSessions } from '../sending/sessions.ts';
import { standingOf } from '../people/standings.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

/**
 * A vault that was put back or copied is older than what its device has sent: what it encrypts with its sessions goes
 * where other messages have been. It learns that from others, who hold messages of this device that it has not sent, or
 * for whom those that it has sent repeat others (law 17). Then nothing more is encrypted with the sessions that it has:
 * each is started anew before the next message, and all keys that others start sessions with are replaced.
 */

export type OutdatedVault = {
  /**
   * An account names stored ids of messages of this device; `repeats`: they repeat others. Only people who were let in are
   * believed, and no id that is from before this device or can be forgotten by now. Answers whether that was news.
   */
  readonly learn: (
    transaction: Transaction,
    from: AccountId,
    named: { readonly ids: readonly MessageId[]; readonly repeats?: boolean | undefined },
  ) => Promise<boolean>;
};

export type OutdatedVaultDeps = {
  readonly device: Device;
  readonly clock: Pick<ServerClock, 'now'>;
  readonly events: MessengerEventSource;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Replaces the keys that others start sessions with. */
  readonly replaceKeys: () => void;
};

/** Whoever says it again costs no more than a fresh session with everybody a day. */
const INTERVAL_MS = 24 * 60 * 60 * 1000;

/** More keys than the lost time may have made. */
const LOST_KEY_IDS = 0x10000;

/** Above all ids of the lost time, for masters take none below; apart from those that a copy of the vault takes. */
const keyIdAfterLoss = (nextKeyId: number, random: OutdatedVaultDeps['random']): number => {
  const [high = 0, low = 0] = random(new Uint8Array(2));
  return nextKeyId + LOST_KEY_IDS + ((high << 8) | low);
};

/** Whether this may be news: nobody has been believed a short while ago, nor after that message had been sent. */
const isNews = (evidenceMs: number, nowMs: number, learntAt: number): boolean =>
  learntAt > nowMs || (evidenceMs > learntAt && nowMs > learntAt + INTERVAL_MS);

export const createOutdatedVault = (deps: OutdatedVaultDeps): OutdatedVault => {
  const { device, clock, events, random, replaceKeys } = deps;

  const becomeOutdated = async (transaction: Transaction, nowMs: number): Promise<void> => {
    const generation = (await generationOfSessions(transaction)) + 1;
    transaction.put('outdated', ONLY, { generation, learntAt: nowMs });
    // Without sessions nobody knows them.
    transaction.delete('ownDevicesKnown', ONLY);
    const ring = await transaction.get('keyRing', ONLY);
    if (ring) {
      const nextKeyId = keyIdAfterLoss(ring.nextKeyId, random);
      transaction.put('keyRing', ONLY, { ...ring, nextKeyId, signedAt: 0 });
    }
    transaction.afterCommit(() => {
      const message = 'this vault is older than what its device has sent: it was put back or copied';
      events.emit('fault', new MessengerError('vault-outdated', message));
      replaceKeys();
    });
  };

  return {
    learn: async (transaction, from, { ids, repeats = false }) => {
      const nowMs = clock.now();
      const sent = await transaction.getMany('sentIds', ids);
      const unsentFromMs = Math.max(device.self().registeredAt ?? Infinity, nowMs - LIMITS.messageTtlMs);
      const evidence = ids.map(messageTime).filter((timeMs, index) => {
        if (sent[index] !== undefined) return repeats;
        return timeMs > unsentFromMs && timeMs < nowMs + LIMITS.clockSkewMs;
      });
      const learntAt = (await transaction.get('outdated', ONLY))?.learntAt ?? 0;
      if (evidence.length === 0 || !isNews(Math.max(...evidence), nowMs, learntAt)) return false;
      const isOwn = from === device.accountId();
      if (!isOwn && (await standingOf(transaction, from)) !== 'accepted') return false;
      await becomeOutdated(transaction, nowMs);
      return true;
    },
  };
};
