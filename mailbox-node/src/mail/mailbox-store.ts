import type {
  DeviceAddress,
  MailboxIds,
  MailboxPage,
  MessageId,
  StoredEnvelope,
  StoreResult,
} from '@restante/protocol';

/**
 * Where mail waits on this node. `mailbox-store.contract.ts` holds every implementation to these promises.
 * All verbs throw ServiceError `unavailable` when the store does not answer; each may then be repeated.
 */
export type MailboxStore = {
  /**
   * Stores envelopes, one result each in the same order. `stored` means durable, or deleted since: a message that
   * was acknowledged stays deleted however often and late it is put again (law 4). Putting the same envelope again,
   * at any node, changes nothing (law 5). Refused: `message-expired` and `clock-skew` when no bucket may hold its
   * time, `unavailable` when this envelope could not be written.
   */
  readonly put: (envelopes: readonly StoredEnvelope[]) => Promise<StoreResult[]>;
  /**
   * A page of a mailbox in id order, from the first id after `after`. Never holds a message that has expired at
   * this moment (law 8): those are counted in `expired`. Bounded by `limit`, bytes and rows looked at.
   */
  readonly list: (
    mailbox: DeviceAddress,
    options: { readonly limit: number; readonly after?: MessageId },
  ) => Promise<MailboxPage>;
  /**
   * The ids of such a page, which are read without the messages. A message whose fields are set aside, or that expires before its time, may be
   * among them.
   */
  readonly listIds: (
    mailbox: DeviceAddress,
    options: { readonly limit: number; readonly after?: MessageId },
  ) => Promise<MailboxIds>;
  /**
   * Deletes messages for good, durably (law 4); answers how many were here. What is not here yet ends when it comes, as long as this
   * process remembers, and leaves no trace until then. An id that no bucket may hold is a success and changes nothing.
   */
  readonly acknowledge: (mailbox: DeviceAddress, ids: readonly MessageId[]) => Promise<number>;
  /** What an owner has deleted before it came, among what has come now, is deleted. */
  readonly endEarly: (database: string, documentIds: readonly string[]) => Promise<void>;
  /** How many messages wait in a mailbox, counted up to `max`. */
  readonly waiting: (mailbox: DeviceAddress, max: number) => Promise<number>;
  /** Those of the ids that wait in a mailbox. */
  readonly waitingOf: (mailbox: DeviceAddress, ids: readonly MessageId[]) => Promise<Set<MessageId>>;
  /** Those of the ids that were put before, acknowledged or not. */
  readonly known: (mailbox: DeviceAddress, ids: readonly MessageId[]) => Promise<Set<MessageId>>;
  /** Passes when a message could be stored and read now. */
  readonly ping: () => Promise<void>;
};
