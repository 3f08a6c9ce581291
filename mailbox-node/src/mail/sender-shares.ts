import {
  deviceKey,
  type AccountId,
  type DeviceAddress,
  type MessageId,
  type StoredEnvelope,
} from '@restante/protocol';
import { LRUCache } from 'lru-cache';

/**
 * How much of a mailbox each sender may have waiting, and all strangers together (law 10): nobody fills a mailbox of somebody else
 * alone. A stranger is whom the master does not know to be let in. The owner's own devices have the whole mailbox.
 *
 * What waits is known by the ids that this node has stored since it was started, and whose deletion it has not seen; before anything is
 * refused the store is asked which of those are still there. So a sender may have waiting, at one node, once more its share
 * after each restart of that node, and after its mailbox has been pushed out of {@link MAX_IDS} by others.
 */
export type SenderShares = {
  /** Takes places for those of the envelopes, all of one mailbox, that have one. Each is to be settled. */
  readonly reserve: (mailbox: DeviceAddress, envelopes: readonly StoredEnvelope[]) => Promise<SharedPlaces>;
  /** The write of reserved places is over: those that were not stored are free. */
  readonly settle: (
    mailbox: DeviceAddress,
    places: SharedPlaces,
    isStored: (id: MessageId) => boolean,
  ) => void;
  /** Messages were acknowledged. */
  readonly release: (mailbox: DeviceAddress, ids: readonly MessageId[]) => void;
  /** Ids that are remembered, over all mailboxes. */
  readonly size: () => number;
};

export type SharedPlaces = {
  readonly granted: readonly StoredEnvelope[];
  readonly over: readonly StoredEnvelope[];
  /** Ids of those granted that were not there before. */
  readonly taken: readonly MessageId[];
};

type Waiting = { readonly senderId: AccountId; readonly isStranger: boolean };

class Mailbox {
  readonly waiting = new Map<MessageId, Waiting>();
  /** Of these, those whose write is under way. */
  readonly underWay = new Set<MessageId>();
  readonly #bySender = new Map<AccountId, number>();
  #strangers = 0;
  /** When the store was asked what of a sender's is there, or of all strangers' (null). */
  readonly askedAtMs = new Map<AccountId | null, number>();
  readonly asking = new Map<AccountId | null, Promise<void>>();

  add(id: MessageId, one: Waiting): void {
    this.delete(id);
    this.waiting.set(id, one);
    this.#bySender.set(one.senderId, this.of(one.senderId) + 1);
    if (one.isStranger) this.#strangers += 1;
  }
  delete(id: MessageId): boolean {
    const one = this.waiting.get(id);
    if (one === undefined) return false;
    this.waiting.delete(id);
    this.underWay.delete(id);
    const left = this.of(one.senderId) - 1;
    if (left > 0) this.#bySender.set(one.senderId, left);
    else this.#bySender.delete(one.senderId);
    if (one.isStranger) this.#strangers -= 1;
    return true;
  }
  of(senderId: AccountId): number {
    return this.#bySender.get(senderId) ?? 0;
  }
  strangers(): number {
    return this.#strangers;
  }
}

const MAX_MAILBOXES = 50_000;
/** Some 100 bytes each. */
const MAX_IDS = 500_000;
/** The store is asked again after this time: what has expired counts so much longer at most. */
const FRESH_MS = 60_000;
/** Of what strangers may have waiting, one of them may have this part. */
const ONE_STRANGER = 1 / 4;

export const createSenderShares = ({
  perSender,
  strangers: maxStrangers,
  stillWaiting,
  now,
}: {
  /** Messages of one sender in one mailbox. */
  readonly perSender: number;
  /** Messages of all strangers together. */
  readonly strangers: number;
  /** Those of the ids that wait in the store. */
  readonly stillWaiting: (
    mailbox: DeviceAddress,
    ids: readonly MessageId[],
  ) => Promise<ReadonlySet<MessageId>>;
  readonly now: () => number;
}): SenderShares => {
  let size = 0;
  const mailboxes = new LRUCache<string, Mailbox>({
    max: MAX_MAILBOXES,
    dispose: ({ waiting }) => (size -= waiting.size),
  });
  const perStranger = Math.min(perSender, Math.max(1, Math.floor(maxStrangers * ONE_STRANGER)));

  const use = (key: string): Mailbox => {
    const known = mailboxes.get(key);
    if (known !== undefined) return known;
    const made = new Mailbox();
    mailboxes.set(key, made);
    return made;
  };
  /** Whoever was pushed out meanwhile counts no more. */
  const isCounted = (key: string, mailbox: Mailbox): boolean => mailboxes.peek(key) === mailbox;

  /** What a message lacks: a place of its sender's, or (null) one of the strangers'; nothing when there is room. */
  const lacks = (mailbox: Mailbox, { senderId, isStranger }: Waiting): AccountId | null | undefined => {
    if (mailbox.of(senderId) >= (isStranger ? perStranger : perSender)) return senderId;
    return isStranger && mailbox.strangers() >= maxStrangers ? null : undefined;
  };

  const give = (key: string, mailbox: Mailbox, ids: readonly MessageId[]): void => {
    for (const id of ids) if (mailbox.delete(id) && isCounted(key, mailbox)) size -= 1;
  };

  const ask = async (
    key: string,
    address: DeviceAddress,
    mailbox: Mailbox,
    of: AccountId | null,
  ): Promise<void> => {
    const ids = [...mailbox.waiting]
      .filter(([id]) => !mailbox.underWay.has(id))
      .filter(([, { senderId, isStranger }]) => (of === null ? isStranger : senderId === of))
      .map(([id]) => id);
    const there = await stillWaiting(address, ids);
    mailbox.askedAtMs.set(of, now());
    give(
      key,
      mailbox,
      ids.filter((id) => !there.has(id)),
    );
  };

  /** Asks the store at most once in a while, and once for all who wait for the answer. */
  const refresh = async (
    key: string,
    address: DeviceAddress,
    mailbox: Mailbox,
    of: AccountId | null,
  ): Promise<void> => {
    const under = mailbox.asking.get(of);
    if (under !== undefined) return under;
    if (now() - (mailbox.askedAtMs.get(of) ?? -Infinity) < FRESH_MS) return;
    const asking = ask(key, address, mailbox, of).finally(() => mailbox.asking.delete(of));
    mailbox.asking.set(of, asking);
    await asking;
  };

  return {
    reserve: async (address, envelopes) => {
      const key = deviceKey(address);
      const mailbox = use(key);
      const granted: StoredEnvelope[] = [];
      const over: StoredEnvelope[] = [];
      const taken: MessageId[] = [];
      for (const envelope of envelopes) {
        const { id, senderId, stranger: isStranger = false } = envelope;
        if (senderId === address.accountId) {
          granted.push(envelope);
          continue;
        }
        const one = { senderId, isStranger };
        if (!mailbox.waiting.has(id)) {
          const lacking = lacks(mailbox, one);
          if (lacking !== undefined) {
            try {
              await refresh(key, address, mailbox, lacking);
            } catch (error) {
              give(key, mailbox, taken);
              throw error;
            }
          }
        }
        // Of now: others have taken places, or this one, in the meantime.
        const known = mailbox.waiting.get(id);
        if (known === undefined && lacks(mailbox, one) !== undefined) {
          over.push(envelope);
          continue;
        }
        if (known === undefined) {
          taken.push(id);
          if (isCounted(key, mailbox)) size += 1;
        }
        // Whoever has been let in since is a stranger no more.
        if (known === undefined || (known.isStranger && !isStranger)) mailbox.add(id, one);
        if (known === undefined) mailbox.underWay.add(id);
        granted.push(envelope);
      }
      while (size > MAX_IDS && mailboxes.size > 1) mailboxes.pop();
      return { granted, over, taken };
    },
    settle: (address, { taken }, isStored) => {
      const key = deviceKey(address);
      const mailbox = mailboxes.peek(key);
      if (mailbox === undefined) return;
      for (const id of taken) mailbox.underWay.delete(id);
      give(
        key,
        mailbox,
        taken.filter((id) => !isStored(id)),
      );
    },
    release: (address, ids) => {
      const key = deviceKey(address);
      const mailbox = mailboxes.peek(key);
      if (mailbox === undefined) return;
      give(key, mailbox, ids);
      if (mailbox.waiting.size === 0 && mailbox.asking.size === 0) mailboxes.delete(key);
    },
    size: () => size,
  };
};
