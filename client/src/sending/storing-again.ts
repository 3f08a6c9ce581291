import { blobBytesFor, type AccountId } from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import type { Device } from '../account/device.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION, type FileInBlob, type MessageReference } from '../content/parts.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { isKept, keptName } from '../files/kept-files.ts';
import { dueFileKey, placedFile, withFileIn, type PlacedFile } from '../files/file-place.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import type { ServerClock } from '../server/clock.ts';
import { conversationWith, named } from '../vault/conversation-id.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { DueFile } from '../vault/tables.ts';
import type { Composer } from './compose.ts';
import { createDueRows } from './due-rows.ts';
import type { RepeatedWork } from './repeated-work.ts';
import { isTicketOver, storeFile, storingFailure, type FileTicket, type StoringDeps } from './store-file.ts';

/** What an account may have stored again in a day, in bytes of blobs. */
const DAILY_BYTES = 256 * 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
/** What the smallest file counts as. */
const LEAST_BYTES = 1024 * 1024;

type TellingDeps = {
  readonly clock: ServerClock;
  readonly composer: Composer;
};

/** Tells where a file is now. */
const tell = async (
  transaction: Transaction,
  { clock, composer }: TellingDeps,
  { message, file }: PlacedFile,
  {
    target,
    index,
    tellsOther,
  }: Pick<DueFile, 'index' | 'tellsOther'> & { readonly target: MessageReference },
): Promise<void> => {
  const content = { v: CONTENT_VERSION, kind: 'file-stored', target, index, blob: file.blob.id } as const;
  const plaintext = encodeContent(content);
  const { accountId } = named(message.conversation);
  await composer.enqueue(transaction, await clock.mint(transaction), {
    ...{ to: tellsOther ? { accountId, plaintext } : null, ownCopy: plaintext },
    ...{ renew: [], shows: null },
  });
};

export type RequestDeps = TellingDeps & {
  readonly device: Pick<Device, 'accountId'>;
  /** There is a file to be stored again. */
  readonly onFileDue: () => void;
};

/** What a file counts as. */
const countedBytes = (size: number): number => Math.max(LEAST_BYTES, blobBytesFor(size));

/** Whether an account may have another file stored again today. A clock that was set elsewhere begins another day. */
const isWithinDay = async (
  transaction: Transaction,
  { clock }: Pick<RequestDeps, 'clock'>,
  by: AccountId,
  size: number,
): Promise<boolean> => {
  const nowMs = clock.now();
  const known = await transaction.get('storedAgain', by);
  const today =
    known !== undefined && Math.abs(nowMs - known.sinceMs) < DAY_MS ? known : { sinceMs: nowMs, bytes: 0 };
  const sum = today.bytes + countedBytes(size);
  if (sum > DAILY_BYTES) return false;
  transaction.put('storedAgain', by, { ...today, bytes: sum });
  return true;
};

/** What was not stored, since this device does not have it, does not count. */
const giveBack = async (transaction: Transaction, by: AccountId, size: number): Promise<void> => {
  const known = await transaction.get('storedAgain', by);
  if (known !== undefined)
    transaction.put('storedAgain', by, { ...known, bytes: Math.max(0, known.bytes - countedBytes(size)) });
};

/**
 * An own device, or somebody who is let in, cannot have a file from the nodes any more. Own devices may ask for all there is, others for what
 * was written to them here.
 */
export const noteFileRequest = async (
  transaction: Transaction,
  deps: RequestDeps,
  by: AccountId,
  { target, index, blob }: FileInBlob,
): Promise<void> => {
  const self = deps.device.accountId();
  const placed = await placedFile(transaction, target, index);
  if (placed === null) return;
  const { message, file } = placed;
  const tellsOther = by !== self;
  if (tellsOther) {
    if (target.author !== self || message.conversation !== conversationWith(by)) return;
    const conversation = await transaction.get('conversations', message.conversation);
    if (conversation?.standing !== 'accepted') return;
  }
  if (file.blob.id > blob) {
    await tell(transaction, deps, placed, { target, index, tellsOther });
    return;
  }
  const key = dueFileKey(target.author, message, index);
  const due = await transaction.get('dueFiles', key);
  const isToBeCounted = due === undefined || (tellsOther && !due.tellsOther);
  // One of which there is nothing here is another device's to store.
  if (due === undefined && (await transaction.get('keptFiles', await keptName(file))) === undefined) return;
  if (isToBeCounted && !(await isWithinDay(transaction, deps, by, file.size))) return;
  transaction.put('dueFiles', key, {
    ...(due ?? { author: target.author, message: message.id, index }),
    tellsOther: tellsOther || due?.tellsOther === true,
  });
  transaction.afterCommit(deps.onFileDue);
};

/** Whoever wrote a message, or an own device, has stored a file of it again: that its bytes are the same is seen by their digest. */
export const noteFileStored = async (
  transaction: Transaction,
  { device, events }: { readonly device: Pick<Device, 'accountId'>; readonly events: MessengerEventSource },
  by: AccountId,
  { target, index, blob }: FileInBlob,
): Promise<void> => {
  const placed = await placedFile(transaction, target, index);
  if (placed === null) return;
  const { key, message, file } = placed;
  const isOwn = by === device.accountId();
  if (!isOwn && (target.author !== by || message.conversation !== conversationWith(by))) return;
  if (file.blob.id >= blob) return;
  if (isOwn) transaction.delete('dueFiles', dueFileKey(target.author, message, index));
  const moved = withFileIn(message, index, blob);
  transaction.put('messages', key, moved);
  transaction.afterCommit(() => events.emit('message-changed', moved));
};

export type StoringAgainDeps = StoringDeps &
  TellingDeps & {
    readonly store: Store;
    readonly device: Pick<Device, 'accountId'>;
    readonly events: MessengerEventSource;
    readonly backoff: Backoff;
    /** There is something in the outbox. */
    readonly onQueued: () => void;
    readonly onFault: (error: unknown) => void;
  };

/** Stores again what others have asked for, one file after the other. */
export const createStoringAgain = (deps: StoringAgainDeps): RepeatedWork => {
  const { store, events, backoff, onFault } = deps;

  const forget = (key: string): Promise<void> =>
    store.transact((transaction) => transaction.delete('dueFiles', key));
  /** Of what this device turned out not to have. */
  const forgetUncounted = (key: string): Promise<void> =>
    store.transact(async (transaction) => {
      const due = await transaction.get('dueFiles', key);
      if (due === undefined) return;
      transaction.delete('dueFiles', key);
      const placed = await placedFile(transaction, { author: due.author, id: due.message }, due.index);
      if (placed === null) return;
      const { accountId: other } = named(placed.message.conversation);
      await giveBack(transaction, due.tellsOther ? other : deps.device.accountId(), placed.file.size);
    });
  const withTicket = (key: string, ticket: FileTicket | null): Promise<boolean> =>
    store.transact(async (transaction) => {
      const due = await transaction.get('dueFiles', key);
      if (due === undefined) return false;
      const { ticket: _, ...rest } = due;
      transaction.put('dueFiles', key, { ...rest, ...(ticket && { ticket }) });
      return true;
    });

  const storeOne = async (key: string, signal: AbortSignal): Promise<void> => {
    const due = await store.get('dueFiles', key);
    if (due === undefined) return;
    const target = { author: due.author, id: due.message };
    const placed = await placedFile(store, target, due.index);
    if (placed === null) {
      await forget(key);
      return;
    }
    // Before anybody is asked for a place for it.
    if (due.ticket === undefined && !(await isKept(deps.parts, placed.file)))
      throw new MessengerError('file-lost', 'this device does not have the file any more');
    const reference = await storeFile(deps, placed.file, {
      ...{ ticket: due.ticket, signal },
      keepTicket: (ticket) => withTicket(key, ticket),
    });
    if (reference === null) return;
    await store.transact(async (transaction) => {
      const last = await transaction.get('dueFiles', key);
      const now = await placedFile(transaction, target, due.index);
      transaction.delete('dueFiles', key);
      // What is kept here may be another file than was sent.
      if (last === undefined || now?.file.blob.digest !== toBase64(reference.digest)) return;
      const moved = withFileIn(now.message, due.index, reference.id);
      transaction.put('messages', now.key, moved);
      const file = { ...now.file, blob: { ...now.file.blob, id: reference.id } };
      await tell(transaction, deps, { ...now, file }, { ...last, target });
      transaction.afterCommit(() => {
        events.emit('message-changed', moved);
        deps.onQueued();
      });
    });
  };

  return createDueRows({
    ...{ store, table: 'dueFiles', onFault },
    tryOne: async (key, signal, attempt) => {
      try {
        await storeOne(key, signal);
        return null;
      } catch (thrown) {
        const error = MessengerError.ofVault(thrown);
        if (signal.aborted || error.code === 'closed') throw error;
        const failure = storingFailure(error);
        if (failure !== null) {
          await (failure === 'file-lost' ? forgetUncounted(key) : forget(key));
          return null;
        }
        if (isTicketOver(error)) await withTicket(key, null);
        if (!isAway(error)) onFault(error);
        return error.body?.retryAfterMs ?? backoffDelayMs(backoff, attempt, Math.random());
      }
    },
  });
};
