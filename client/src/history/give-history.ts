import { blobBytesFor, type AccountId } from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import { uploadBlob } from '../blobs/upload-blob.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import type { Device } from '../account/device.ts';
import { encodeContent } from '../content/codec.ts';
import type { HistoryPart } from '../content/kinds/history-part.ts';
import type { HistoryRequest } from '../content/kinds/history-request.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { StoredArchive } from '../content/stored-archive.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import type { Composer } from '../sending/compose.ts';
import { createDueRows } from '../sending/due-rows.ts';
import type { RepeatedWork } from '../sending/repeated-work.ts';
import type { BlobApi } from '../server/blob-api.ts';
import type { ServerClock } from '../server/clock.ts';
import type { MasterApi } from '../server/master-api.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { archived, encodeArchive } from './archive.ts';
import { newestFirst, type Placed } from './newest-first.ts';

/**
 * Gives the messages that are here to another own device, which asks for one part after the other. Nothing is kept of that but what is asked for
 * now: who asks says from where on.
 */

/** Notes what an own device asks for; what it has asked for before is not wanted any more. */
export const noteHistoryRequest = (
  transaction: Transaction,
  { device, onHistoryDue }: { readonly device: Pick<Device, 'address'>; readonly onHistoryDue: () => void },
  by: number,
  { to, before }: HistoryRequest,
): void => {
  if (to !== undefined && to !== device.address().deviceId) return;
  transaction.put('historyDue', String(by), { before: before ?? null });
  transaction.afterCommit(onHistoryDue);
};

/** Bytes of an archive: it fills a part of a blob. The longest message has half of that. */
const MAX_BYTES = 1_000_000;
const MAX_MESSAGES = 4_000;
/** The first part is there soon. */
const FIRST_MESSAGES = 200;
/** Devices that are given parts, one following on the other, without looking for the place anew. */
const MAX_WALKS = 4;
/** A part is tried so often at all nodes before it is told that it waits. */
const ROUNDS = 3;

/** What stands before a place, up to which it has been given. */
type Walk = {
  place: string | null;
  held: Placed | null;
  readonly rest: AsyncGenerator<Placed, void, undefined>;
};

type Collected = {
  readonly messages: readonly string[];
  readonly accounts: ReadonlySet<AccountId>;
  readonly next: string | null;
};

const encoder = new TextEncoder();

const collect = async (walk: Walk): Promise<Collected> => {
  const most = walk.place === null ? FIRST_MESSAGES : MAX_MESSAGES;
  const messages: string[] = [];
  const accounts = new Set<AccountId>();
  let bytes = 0;
  for (;;) {
    const placed = walk.held ?? (await walk.rest.next()).value ?? null;
    walk.held = placed;
    if (placed === null) return { messages, accounts, next: null };
    const message = archived(placed.message);
    if (message !== null) {
      const json = JSON.stringify(message);
      bytes += encoder.encode(json).length + 1;
      if (messages.length > 0 && (bytes > MAX_BYTES || messages.length >= most))
        return { messages, accounts, next: walk.place };
      messages.push(json);
      accounts.add(message.conversation);
    }
    walk.place = placed.place;
    walk.held = null;
  }
};

export type HistoryGivingDeps = {
  readonly store: Store;
  readonly clock: ServerClock;
  readonly composer: Composer;
  readonly api: Pick<MasterApi, 'newBlob'>;
  readonly blobs: BlobApi;
  readonly backoff: Backoff;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** There is something in the outbox. */
  readonly onQueued: () => void;
  readonly onFault: (error: unknown) => void;
};

export const createHistoryGiving = (deps: HistoryGivingDeps): RepeatedWork => {
  const { store, clock, composer, api, blobs, backoff, random } = deps;
  const walks = new Map<string, Walk>();

  const walkOf = (key: string, before: string | null): Walk => {
    const known = walks.get(key);
    walks.delete(key);
    const walk =
      known?.place === before ? known : { place: before, held: null, rest: newestFirst(store, before) };
    walks.set(key, walk);
    for (const oldest of [...walks.keys()].slice(0, -MAX_WALKS)) walks.delete(oldest);
    return walk;
  };
  const namesOf = async (accounts: ReadonlySet<AccountId>): Promise<Record<AccountId, string>> => {
    const rows = await store.getMany('conversations', [...accounts].map(conversationWith));
    const named = rows.flatMap((row) =>
      row?.username && row.former !== 'renamed' ? [[row.id, row.username]] : [],
    );
    return Object.fromEntries(named) as Record<AccountId, string>;
  };
  const stored = async (bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<StoredArchive> => {
    const ticket = await api.newBlob(blobBytesFor(bytes.length));
    const reference = await uploadBlob({
      content: { size: bytes.length, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) },
      ...{ key: random(new Uint8Array(32)), api: blobs, ticket, backoff, rounds: ROUNDS, signal },
    });
    return {
      ...{ blob: reference.id, size: bytes.length },
      ...{ key: toBase64(reference.key), digest: toBase64(reference.digest) },
    };
  };

  const giveOne = async (key: string, signal: AbortSignal): Promise<void> => {
    const due = await store.get('historyDue', key);
    if (due === undefined) return;
    const { before } = due;
    const { messages, accounts, next } = await collect(walkOf(key, before));
    if (next === null) walks.delete(key);
    const archive =
      messages.length === 0 ? null : await stored(encodeArchive(await namesOf(accounts), messages), signal);
    const part: HistoryPart = {
      ...{ v: CONTENT_VERSION, kind: 'history-part', to: Number(key), total: await store.count('messages') },
      ...(before !== null && { before }),
      ...(next !== null && { next }),
      ...(archive && { archive }),
    };
    await store.transact(async (transaction) => {
      // It may ask for something else by now.
      if ((await transaction.get('historyDue', key))?.before !== before) return;
      transaction.delete('historyDue', key);
      await composer.enqueue(transaction, await clock.mint(transaction), {
        ...{ to: null, ownCopy: encodeContent(part), renew: [], shows: null },
      });
      transaction.afterCommit(deps.onQueued);
    });
  };

  const due = createDueRows({
    ...{ store, table: 'historyDue', onFault: deps.onFault },
    tryOne: async (key, signal, attempt) => {
      try {
        await giveOne(key, signal);
        return null;
      } catch (thrown) {
        walks.delete(key);
        const error = MessengerError.ofVault(thrown);
        if (signal.aborted || error.code === 'closed') throw error;
        if (!isAway(error)) deps.onFault(error);
        return error.body?.retryAfterMs ?? backoffDelayMs(backoff, attempt, Math.random());
      }
    },
  });
  return {
    ...due,
    stop: () => {
      due.stop();
      walks.clear();
    },
  };
};
