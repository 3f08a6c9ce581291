import type { AccountId } from '@restante/protocol';
import { fromBase64 } from '../base64.ts';
import { readBlob } from '../blobs/read-blob.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import type { Device } from '../account/device.ts';
import { encodeContent } from '../content/codec.ts';
import type { HistoryPart } from '../content/kinds/history-part.ts';
import type { HistoryRequest } from '../content/kinds/history-request.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { StoredArchive } from '../content/stored-archive.ts';
import type { Conversations } from '../conversations/conversations.ts';
import type { Messages } from '../conversations/messages.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import type { Composer } from '../sending/compose.ts';
import { createRepeatedWork, type RepeatedWork } from '../sending/repeated-work.ts';
import type { BlobApi } from '../server/blob-api.ts';
import type { ServerClock } from '../server/clock.ts';
import type { MasterApi } from '../server/master-api.ts';
import { named } from '../vault/conversation-id.ts';
import { NEW_HISTORY, withoutParts } from '../vault/history-row.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type HistoryTaken, type Message } from '../vault/tables.ts';
import { decodeArchive, type Archive } from './archive.ts';
import { progressOf } from './progress.ts';

/**
 * Takes the messages that another own device has, the newest first: one part is asked for while the one before it is kept. Where it was
 * left it goes on, over restarts. What is here already stays as it is, and what was deleted here meanwhile does not come back.
 */

/** Parts that have come and are not kept yet. */
const MAX_PARTS = 2;
/** Messages in one commit. */
const BATCH = 200;
/** Another device may answer when the one that was asked has not for so long; then for twice as long, and so on. */
const SILENCE_MS = 2 * 60 * 1000;
const MAX_SILENCE_MS = 24 * 60 * 60 * 1000;
/** Devices may have messages stand that far apart. */
const APART_MS = 60 * 60 * 1000;

type AskingDeps = { readonly clock: ServerClock; readonly composer: Composer };

/** A place that much later. */
const somewhatLater = (place: string): string => {
  const timeMs = Math.min(parseInt(place.slice(0, 12), 16) + APART_MS, 2 ** 48 - 1);
  return `${timeMs.toString(16).padStart(12, '0')}${place.slice(12)}`;
};

const silenceMs = (asks: number): number => Math.min(SILENCE_MS * 2 ** Math.min(asks, 20), MAX_SILENCE_MS);

/** The row as it is when the next part has been asked for, if that is due. */
const asking = async (
  transaction: Transaction,
  { clock, composer }: AskingDeps,
  row: HistoryTaken,
): Promise<HistoryTaken> => {
  if (row.state !== 'running' || row.isTold || row.parts.length >= MAX_PARTS) return row;
  if ((await transaction.get('ownDevicesKnown', ONLY)) === undefined) return row;
  if (await composer.isAlone(transaction)) return row;
  const nowMs = clock.now();
  const isSilent = row.askedAt !== null && Math.abs(nowMs - row.askedAt) > silenceMs(row.asks);
  if (row.askedAt !== null && !isSilent) return row;
  const next: HistoryTaken = isSilent
    ? { ...row, from: null, place: row.place && somewhatLater(row.place), asks: row.asks + 1 }
    : row;
  const open = next.from === null ? { place: next.place, heard: [] } : next.open;
  const request: HistoryRequest = {
    ...{ v: CONTENT_VERSION, kind: 'history-request' },
    ...(next.from !== null && { to: next.from }),
    ...(next.place !== null && { before: next.place }),
  };
  await composer.enqueue(transaction, await clock.mint(transaction), {
    ...{ to: null, ownCopy: encodeContent(request), renew: [], shows: null },
  });
  return { ...next, askedAt: nowMs, open };
};

/** All that it has told has been kept, and there is no more. */
const settled = (row: HistoryTaken): HistoryTaken =>
  row.isTold && row.parts.length === 0 && row.state !== 'done' ? { ...row, state: 'done' } : row;

type NotingDeps = AskingDeps & {
  readonly device: Pick<Device, 'address'>;
  readonly events: MessengerEventSource;
  /** There is something to be kept, or to be asked for. */
  readonly onHistory: () => void;
};

const keep = (transaction: Transaction, { events }: Pick<NotingDeps, 'events'>, row: HistoryTaken): void => {
  transaction.put('history', ONLY, row);
  transaction.afterCommit(() => events.emit('history', progressOf(row)));
};

/**
 * Whether a device that has answered what all were asked has more than the one that was quicker: a device that is new itself, or has taken
 * nothing, has least to look for.
 */
const hasMore = (row: HistoryTaken, from: number, total: number): boolean =>
  row.from !== null && row.from !== from && total > row.total;

/** Takes what an own device has answered, if that is what was asked for, or if it has more. */
export const noteHistoryPart = async (
  transaction: Transaction,
  deps: NotingDeps,
  from: number,
  { to, next, archive, total, ...part }: HistoryPart,
): Promise<void> => {
  const before = part.before ?? null;
  const row = await transaction.get('history', ONLY);
  if (row === undefined || to !== deps.device.address().deviceId) return;
  const answersAll = row.open?.place === before && !row.open.heard.includes(from);
  const heard: HistoryTaken = answersAll
    ? { ...row, open: { place: before, heard: [...row.open.heard, from] } }
    : row;
  const isAsked = row.askedAt !== null && row.place === before && (row.from === null || row.from === from);
  const isBetter = !isAsked && answersAll && hasMore(row, from, total);
  if (!isAsked && !isBetter) {
    if (answersAll) transaction.put('history', ONLY, heard);
    return;
  }
  // From the place on that all were asked about.
  const anew: HistoryTaken = {
    ...{ ...heard, from, askedAt: null, place: before, isTold: false, parts: [], kept: 0 },
    messages: before === null ? 0 : row.messages - row.kept,
  };
  if (isBetter && row.state === 'paused') {
    keep(transaction, deps, { ...anew, total });
    return;
  }
  const known: HistoryTaken = isBetter ? { ...anew, state: 'running' } : heard;
  // It only goes back, so that it comes to an end whatever is told.
  const isTold = next === undefined || (before !== null && next >= before);
  const taken: HistoryTaken = {
    ...{ ...known, from, askedAt: null, asks: 0, isTold, total: Math.max(total, known.messages) },
    parts: archive ? [...known.parts, { before, archive }] : known.parts,
    place: isTold ? before : next,
  };
  keep(transaction, deps, settled(await asking(transaction, deps, taken)));
  transaction.afterCommit(deps.onHistory);
};

/** Begins, or goes on after a pause; what was taken to the end is begun anew. */
export const beginHistory = async (
  transaction: Transaction,
  deps: Pick<NotingDeps, 'events' | 'onHistory'>,
): Promise<void> => {
  const row = await transaction.get('history', ONLY);
  if (row?.state === 'running') return;
  const { failure: _, ...before } = row ?? NEW_HISTORY;
  const begun: HistoryTaken = before.state === 'paused' ? { ...before, state: 'running' } : NEW_HISTORY;
  keep(transaction, deps, settled(begun));
  transaction.afterCommit(deps.onHistory);
};

export type HistoryTakingDeps = NotingDeps & {
  readonly store: Store;
  readonly device: Pick<Device, 'address' | 'accountId'>;
  readonly messages: Pick<Messages, 'restore'>;
  readonly conversations: Pick<Conversations, 'change'>;
  readonly api: Pick<MasterApi, 'blob'>;
  readonly blobs: BlobApi;
  readonly backoff: Backoff;
  /** There is something in the outbox. */
  readonly onQueued: () => void;
  readonly onFault: (error: unknown) => void;
};

/** What no other try will mend: the person says when it shall be tried again. */
const isForGood = ({ code }: MessengerError): boolean => code === 'bad-history';
/** It is to be stored once more. */
const isLost = ({ code }: MessengerError): boolean => code === 'not-found' || code === 'blob-altered';

export const createHistoryTaking = (deps: HistoryTakingDeps): RepeatedWork => {
  const { store, device, messages, api, blobs, backoff, onFault } = deps;

  const change = (
    edit: (row: HistoryTaken, transaction: Transaction) => HistoryTaken | Promise<HistoryTaken>,
  ): Promise<HistoryTaken | null> =>
    store.transact(async (transaction) => {
      const row = await transaction.get('history', ONLY);
      if (row === undefined) return null;
      const next = settled(await asking(transaction, deps, await edit(row, transaction)));
      if (next !== row) keep(transaction, deps, next);
      if (next.askedAt !== row.askedAt) transaction.afterCommit(deps.onQueued);
      return next;
    });

  const fetchArchive = async ({ blob: id, key, digest, size }: StoredArchive): Promise<Archive> => {
    const reference = { id, size, key: fromBase64(key), digest: fromBase64(digest) };
    const { whole } = await readBlob(blobs, reference, () => api.blob(id));
    const bytes = new Uint8Array(size);
    let at = 0;
    for await (const piece of whole()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return decodeArchive(bytes);
  };

  const authorOf = ({ direction, conversation }: Message): AccountId =>
    direction === 'out' ? device.accountId() : named(conversation).accountId;
  /** Names of those who have no other one here yet. */
  const keepNames = async (
    transaction: Transaction,
    names: Archive['names'],
    batch: readonly Message[],
  ): Promise<void> => {
    for (const id of new Set(batch.map(({ conversation }) => conversation))) {
      const username = names[named(id).accountId];
      const conversation = await transaction.get('conversations', id);
      if (username !== undefined && conversation?.username === null)
        await deps.conversations.change(transaction, id, { username });
    }
  };

  /** Keeps the next messages of the part that came first. Answers whether there are more. */
  const keepNext = ({ blob }: StoredArchive, { messages: all, names }: Archive): Promise<boolean> =>
    store.transact(async (transaction) => {
      const row = await transaction.get('history', ONLY);
      if (row?.state !== 'running' || row.parts[0]?.archive.blob !== blob) return false;
      const batch = all.slice(row.kept, row.kept + BATCH);
      const wanted = batch.filter(({ conversation }) => !row.without.includes(conversation));
      for (const message of wanted) await messages.restore(transaction, authorOf(message), message);
      await keepNames(transaction, names, wanted);
      const [kept, come] = [row.kept + batch.length, row.messages + batch.length];
      const isOver = kept >= all.length;
      keep(
        transaction,
        deps,
        isOver
          ? settled({ ...row, messages: come, kept: 0, parts: row.parts.slice(1) })
          : { ...row, messages: come, kept },
      );
      return !isOver;
    });

  /** Keeps the part that came first. Answers whether there was one. */
  const keepOne = async (signal: AbortSignal): Promise<boolean> => {
    const [part] = (await change((row) => row))?.parts ?? [];
    if (part === undefined) return false;
    const archive = await fetchArchive(part.archive);
    if (archive.unfit > 0)
      onFault(new MessengerError('bad-history', `${archive.unfit} messages of the history do not fit`));
    while (await keepNext(part.archive, archive)) signal.throwIfAborted();
    return true;
  };

  const giveUp = async (error: MessengerError): Promise<void> => {
    await change((row) => {
      if (isLost(error)) return withoutParts(row);
      return isForGood(error) ? { ...withoutParts(row), state: 'paused', failure: 'bad-history' } : row;
    });
  };

  const isRunning = async (): Promise<boolean> => (await store.get('history', ONLY))?.state === 'running';

  return createRepeatedWork(async (signal, first) => {
    let attempt = first;
    try {
      while (!signal.aborted && (await isRunning()) && (await keepOne(signal))) attempt = 1;
      const row = await store.get('history', ONLY);
      const waits = row?.state === 'running' && row.askedAt !== null;
      return waits ? { afterMs: silenceMs(row.asks) + 1, attempt: 1 } : null;
    } catch (thrown) {
      const error = MessengerError.ofVault(thrown);
      if (signal.aborted || error.code === 'closed') return null;
      if (!isAway(error)) onFault(error);
      await giveUp(error);
      const afterMs = error.body?.retryAfterMs ?? backoffDelayMs(backoff, attempt, Math.random());
      return { afterMs, attempt: attempt + 1 };
    }
  }, onFault);
};
