import { messageTime, type AccountId, type Envelope } from '@restante/protocol';
import { applyContent, type ApplyingAny, type Content } from '../content/content.ts';
import type { Place } from '../content/kind.ts';
import type { DeviceLists } from '../account/device-lists.ts';
import type { PreferenceStore } from '../account/preferences.ts';
import { applyTimer } from '../conversations/timing.ts';
import { answerProfileRequest, expectProfile, takeProfile } from '../people/profiles.ts';
import { noteHistoryRequest } from '../history/give-history.ts';
import { noteHistoryPart } from '../history/take-history.ts';
import { noteFileRequest, noteFileStored } from '../sending/storing-again.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { boundedTime } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';
import { applySync, type ApplySyncDeps } from './apply-sync.ts';
import { earliest, placed, type Arrival } from './arrival.ts';
import { applyRenewal, type ApplyRenewalDeps } from './apply-renewal.ts';
import { comeAgain } from './set-aside.ts';

export type ApplyDeps = ApplyRenewalDeps &
  ApplySyncDeps & {
    readonly preferences: Pick<PreferenceStore, 'stateWhenRead' | 'learn'>;
    /** The author of a text says this is their name. */
    readonly onNameHint: (accountId: AccountId, username: string) => void;
    readonly lists: Pick<DeviceLists, 'expect'>;
    /** Somebody is to be told the own profile. */
    readonly onProfileDue: () => void;
    /** There is a file to be stored again. */
    readonly onFileDue: () => void;
    /** An own device is to be given messages. */
    readonly onHistoryDue: () => void;
    /** Messages of another own device are to be kept. */
    readonly onHistory: () => void;
    /** There is a newer device list than the one that is known. */
    readonly onListExpected: (accountId: AccountId) => void;
  };

/** A message that has been decrypted. */
export type Opened = {
  readonly envelope: Pick<Envelope, 'id' | 'senderId' | 'senderDeviceId' | 'sentAt'>;
  readonly arrival: Arrival;
  readonly plaintext: Uint8Array;
  /** Null when this messenger does not know its kind or version. */
  readonly content: Content | null;
};

/** Kept until this messenger is one that knows it; until then a note stands in its place, where there is one. */
const keepUnknown = async (
  transaction: Transaction,
  { messages }: ApplyDeps,
  { envelope, arrival, plaintext }: Opened,
  place: Place | null,
): Promise<void> => {
  const { id, senderId, senderDeviceId } = envelope;
  const { sentAt, writtenAt } = place?.timeOf(id) ?? placed(id, envelope.sentAt, arrival);
  transaction.put('unknownContents', id, { senderId, senderDeviceId, sentAt, plaintext });
  if (place === null) return;
  const { author, conversation, direction, state } = place;
  const note: Message = {
    ...{ id, conversation, direction, state, sentAt, kind: 'unknown', text: '' },
    ...(writtenAt !== undefined && { writtenAt }),
  };
  await messages.add(transaction, author, note, earliest(arrival));
};

/** When it went out: by its first id, if it comes again, else as far back as it may have arrived. */
const wentOutAt = ({ envelope, content }: Opened, arrival: Arrival): number => {
  const { id, sentAt } = envelope;
  const earlier = content?.earlier ?? [];
  return earlier.length > 0
    ? Math.min(sentAt, ...earlier.map(messageTime))
    : placed(id, sentAt, arrival).sentAt;
};

/**
 * What a decrypted message means for the conversations. Answers whether its sender is owed a receipt. Contents that
 * only own devices send mean nothing when others do, and the other way round. Of `blocked` senders nothing is applied;
 * own devices may say that others are.
 */
export const applyPlaintext = async (
  transaction: Transaction,
  deps: ApplyDeps,
  opened: Opened,
  blocked: Set<AccountId>,
): Promise<boolean> => {
  const { device, messages, preferences } = deps;
  const { senderId, senderDeviceId, sentAt } = opened.envelope;
  const { content } = opened;
  const self = device.accountId();
  if (blocked.has(senderId)) return false;
  let { arrival } = opened;
  if (content?.earlier) {
    const firstAt = await comeAgain(transaction, deps, senderId, content.earlier);
    if (firstAt !== null) arrival = { ...arrival, after: Math.min(arrival.after, firstAt) };
  }
  const place: Place = {
    ...{ author: senderId, conversation: conversationWith(senderId), direction: 'in', state: 'received' },
    timeOf: (id) => placed(id, sentAt, arrival),
    wentOutAt: wentOutAt(opened, arrival),
  };
  if (content === null) {
    await keepUnknown(transaction, deps, opened, senderId === self ? null : place);
    return senderId !== self;
  }
  const from = { accountId: senderId, deviceId: senderDeviceId };
  const applying: ApplyingAny = {
    ...{ self, from, place },
    placeOfCopy: (to) => ({
      ...{ ...place, conversation: conversationWith(to), direction: 'out', state: 'accepted' },
      // Own devices are believed: it stands everywhere as on the one that it was written on.
      timeOf: (id) => ({ sentAt: boundedTime(id, sentAt) }),
    }),
    add: (author, message) => messages.add(transaction, author, message, earliest(arrival)),
    annotate: (...said) => messages.annotate(transaction, ...said),
    stateWhenRead: preferences.stateWhenRead,
    onNameHint: (...hint) => transaction.afterCommit(() => deps.onNameHint(...hint)),
    expectList: async (accountId, generation, id) => {
      if (await deps.lists.expect(transaction, accountId, { generation, id }))
        transaction.afterCommit(() => deps.onListExpected(accountId));
    },
    keepAccess: async (author, token) => {
      if ((await transaction.get('accessTokens', author)) !== token)
        transaction.put('accessTokens', author, token);
    },
    takeTimer: (conversation, timer) => applyTimer(transaction, deps, conversation, timer),
    takeProfile: (author, profile) => takeProfile(transaction, deps, author, profile),
    expectProfile: (accountId, id) =>
      expectProfile(transaction, deps, { accountId, deviceId: senderDeviceId }, id),
    storeAgain: (by, request) => noteFileRequest(transaction, deps, by, request),
    moveFile: (by, stored) => noteFileStored(transaction, deps, by, stored),
    giveHistory: (by, request) => noteHistoryRequest(transaction, deps, by, request),
    takeHistory: (by, part) => noteHistoryPart(transaction, deps, by, part),
    tellProfile: (accountId, deviceId) => answerProfileRequest(transaction, deps, { accountId, deviceId }),
    keepUnknown: (copyPlace) => keepUnknown(transaction, deps, opened, copyPlace),
    follow: (change) =>
      applySync(
        transaction,
        deps,
        change,
        { deviceId: senderDeviceId, id: opened.envelope.id, sentAt },
        blocked,
      ),
    renew: (renewal) => applyRenewal(transaction, deps, from, renewal),
  };
  return applyContent(applying, content);
};
