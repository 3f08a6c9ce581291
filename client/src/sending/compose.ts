import { deriveMessageId, type AccountId, type DeviceId, type MessageId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import { noteLeftOut } from './left-out.ts';
import { hasUnverifiedKeys } from './verification.ts';
import type { Transaction } from '../vault/store.ts';
import {
  ONLY,
  type EditReference,
  type OutboxEntry,
  type OutboxRecipient,
  type SentId,
} from '../vault/tables.ts';
import type { Sessions } from './sessions.ts';

/** A message before it is encrypted. */
export type Draft = {
  /** Account and what all its devices get, padded. Null: only for own devices. */
  readonly to: { readonly accountId: AccountId; readonly plaintext: Uint8Array } | null;
  readonly ownCopy: Uint8Array | null;
  readonly renew: readonly DeviceId[];
  /** Key of the row in `messages` that holds the message and shows its state. */
  readonly shows: string | null;
  /** Stored ids that it was sent under before. */
  readonly earlier?: readonly MessageId[];
  /** Goes out even when a verified contact has keys that nobody has verified. */
  readonly despiteKeys?: boolean;
  /** The own message that it takes back. */
  readonly takesBack?: MessageId;
  /** The edit that it is. */
  readonly edit?: EditReference;
  /** Is not kept for a reader who cannot decrypt it, and asks for it in another way. */
  readonly isSentOnce?: boolean;
  /** Waits until a master has told the own devices, although none is known here. */
  readonly asksOwnDevices?: boolean;
};

export type Composer = {
  /**
   * Puts a message into the outbox under its client id, encrypted as far as sessions exist. What is only for own
   * devices is dropped when there are none.
   */
  readonly enqueue: (transaction: Transaction, id: MessageId, draft: Draft) => Promise<void>;
  /**
   * Encrypts what is not encrypted yet, as far as sessions exist and keys may be used. What is for others too loses its copy
   * for own devices when a master has said that there are none.
   */
  readonly encrypt: (transaction: Transaction, entry: OutboxEntry) => Promise<OutboxEntry>;
  /** The entry with a copy for own devices, which have become known since it was queued; not of what has been deleted here. */
  readonly withOwnCopy: (transaction: Transaction, entry: OutboxEntry) => Promise<OutboxEntry>;
  /** A master has told the own devices once, and there are no others on the list. */
  readonly isAlone: (transaction: Transaction) => Promise<boolean>;
};

/** Whether a recipient still has to be encrypted for. */
export const isOpen = ({ envelopes }: OutboxRecipient): boolean => envelopes.length === 0;

/** Whether nothing may be encrypted for an account, because nobody has verified its keys. */
export const isWithheld = async (
  reader: Pick<Transaction, 'get'>,
  { despiteKeys }: OutboxEntry,
  accountId: AccountId,
): Promise<boolean> => despiteKeys !== true && (await hasUnverifiedKeys(reader, accountId));

export const createComposer = (device: Device, sessions: Sessions): Composer => {
  const encryptFor = async (
    transaction: Transaction,
    recipient: OutboxRecipient,
  ): Promise<OutboxRecipient> => {
    const envelopes = [];
    for (const deviceId of (await sessions.recipients(transaction, recipient.accountId)) ?? []) {
      const address = { accountId: recipient.accountId, deviceId };
      const envelope = await sessions.encrypt(transaction, address, recipient.plaintext);
      if (envelope === null) return recipient;
      envelopes.push(envelope);
    }
    return { ...recipient, envelopes };
  };

  const otherOwn = async (transaction: Transaction): Promise<readonly DeviceId[]> =>
    (await sessions.recipients(transaction, device.accountId())) ?? [];

  const isAlone = async (transaction: Transaction): Promise<boolean> =>
    (await transaction.get('ownDevicesKnown', ONLY)) === true && (await otherOwn(transaction)).length === 0;

  /** What others get as well has no copy for own devices when there are none: nobody need be asked for their keys. */
  const withoutNeedlessCopy = async (transaction: Transaction, entry: OutboxEntry): Promise<OutboxEntry> => {
    const recipients = entry.recipients.filter(
      (recipient) => recipient.accountId !== device.accountId() || !isOpen(recipient),
    );
    const isNeedless = recipients.length > 0 && recipients.length < entry.recipients.length;
    return isNeedless && (await isAlone(transaction)) ? { ...entry, recipients } : entry;
  };

  const encrypt: Composer['encrypt'] = async (transaction, queued) => {
    if (queued.renew.length > 0) return queued;
    const entry = await withoutNeedlessCopy(transaction, queued);
    const recipients = [];
    for (const recipient of entry.recipients) {
      const { accountId } = recipient;
      const isOwn = accountId === device.accountId();
      const mayGo = isOpen(recipient) && (isOwn || !(await isWithheld(transaction, entry, accountId)));
      recipients.push(mayGo ? await encryptFor(transaction, recipient) : recipient);
    }
    return { ...entry, recipients };
  };

  return {
    encrypt,
    isAlone,
    withOwnCopy: async (transaction, entry) => {
      const { recipients, ownCopy, messageKey } = entry;
      if (messageKey !== null && (await transaction.get('messages', messageKey)) === undefined) return entry;
      const accountId = device.accountId();
      if (ownCopy === null || recipients.some((recipient) => recipient.accountId === accountId)) return entry;
      return { ...entry, recipients: [...recipients, { accountId, plaintext: ownCopy, envelopes: [] }] };
    },
    enqueue: async (
      transaction,
      id,
      {
        to,
        ownCopy,
        renew,
        shows,
        takesBack,
        edit,
        earlier = [],
        despiteKeys = false,
        asksOwnDevices = false,
        isSentOnce = false,
      },
    ) => {
      const self = device.address();
      const noteSent = (contents: SentId['contents']): void =>
        transaction.put('sentIds', deriveMessageId(self, id), {
          ...{ messageKey: shows, earlier },
          ...(edit ? { edit, contents: null } : { contents }),
        });
      const recipients: OutboxRecipient[] =
        to && to.accountId !== self.accountId ? [{ ...to, envelopes: [] }] : [];
      const own = to?.accountId === self.accountId ? to.plaintext : ownCopy;
      const others = await otherOwn(transaction);
      const mayHaveOthers =
        asksOwnDevices || others.length > 0 || !(await transaction.get('ownDevicesKnown', ONLY));
      const mustBeSent = recipients.length === 0 && (shows !== null || renew.length > 0);
      if (own !== null && (mayHaveOthers || mustBeSent)) {
        recipients.push({ accountId: self.accountId, plaintext: own, envelopes: [] });
      }
      if (recipients.length === 0) {
        await noteLeftOut(transaction, self, id, { recipients, ownCopy });
        // An own device that nobody here knows of yet is told when it introduces itself.
        if (ownCopy !== null) noteSent({ to: null, ownCopy });
        return;
      }
      const draft = {
        recipients,
        ownCopy,
        renew,
        messageKey: shows,
        despiteKeys,
        ...(takesBack && { takesBack }),
        ...(edit && { edit }),
      };
      const entry = await encrypt(transaction, draft);
      transaction.put('outbox', id, entry);
      noteSent(shows === null && !isSentOnce ? { to, ownCopy } : null);
    },
  };
};
