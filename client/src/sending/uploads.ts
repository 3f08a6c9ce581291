import { blobBytesFor, ERRORS, messageTime, type BlobId, type ErrorCode } from '@restante/protocol';
import { fromBase64, toBase64 } from '../base64.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import type { Device } from '../account/device.ts';
import type { Ticket } from '../blobs/blob-nodes.ts';
import { uploadBlob, type BlobReference } from '../blobs/upload-blob.ts';
import { coalesce } from '../coalesce.ts';
import { addressed } from '../content/addressed.ts';
import { writtenContent } from '../content/kinds/text.ts';
import type { MessengerEventSource, UploadProgress } from '../events/messenger-events.ts';
import { keptContent } from '../files/kept-files.ts';
import type { PartStore } from '../files/part-store.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import type { BlobApi } from '../server/blob-api.ts';
import type { ServerClock } from '../server/clock.ts';
import type { MasterApi } from '../server/master-api.ts';
import { named } from '../vault/conversation-id.ts';
import { authoredKey } from '../vault/keys.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { Failure, Message, MessageFile, Upload } from '../vault/tables.ts';
import type { Composer } from './compose.ts';
import { givenTo } from './given-to.ts';
import type { SentMessages } from './outbox.ts';

/**
 * Stores the files of own messages at the nodes, and sends each message when all of its files are there: what it says is never missing. One
 * message after the other, whatever else is sent meanwhile. What was begun is gone on with, after a restart too.
 */
export type Uploads = {
  readonly start: () => void;
  readonly stop: () => void;
  /** There is something to be stored, or nothing more of what there was. */
  readonly pump: () => void;
  /** Tries again at once what waits for a server. */
  readonly retryNow: () => void;
};

export type UploadsDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly composer: Composer;
  readonly messages: SentMessages;
  readonly events: MessengerEventSource;
  readonly api: Pick<MasterApi, 'newBlob'>;
  readonly blobs: BlobApi;
  readonly parts: PartStore;
  readonly backoff: Backoff;
  /** A message is in the outbox. */
  readonly onQueued: () => void;
  readonly onFault: (error: unknown) => void;
};

type Row = { readonly upload: Upload; readonly key: string; readonly message: Message };
type File = { readonly index: number; readonly file: MessageFile };

const PAGE = 32;

/**
 * What ends a message's upload for good: the file is not here any more, or is another one, or is larger than may be. That somebody or something
 * was not found ends nothing.
 */
const failureOf = ({ code }: MessengerError): Failure | null => {
  if (code === 'file-lost' || code === 'content-changed') return 'file-lost';
  return code === 'payload-too-large' ? code : null;
};

/** So long is a ticket gone on with: it is good for a day, and names the nodes of that time. */
const TICKET_MS = 20 * 60 * 60 * 1000;
/** A part is tried so often at all nodes before it is told that the message waits. */
const ROUNDS = 3;

export const createUploads = (deps: UploadsDeps): Uploads => {
  const { store, device, clock, events, parts } = deps;
  let over = new AbortController();
  over.abort();
  /** Of the message that is being stored. */
  let current: { readonly id: string; readonly stop: AbortController } | null = null;
  let wake: () => void = () => undefined;

  const rowOf = async (reader: Pick<Transaction, 'get'>, id: string): Promise<Row | null> => {
    const upload = await reader.get('uploads', id);
    const key = await reader.get('messageKeys', authoredKey(device.accountId(), id));
    const message = key === undefined ? undefined : await reader.get('messages', key);
    return upload && key !== undefined && message?.kind === 'text' && message.files
      ? { upload, key, message }
      : null;
  };

  /** Tells how far a message has got, on top of what is stored of it. */
  const teller = ({ conversation, id, files = [] }: Message) => {
    const sizeOf = (all: readonly MessageFile[]): number =>
      all.reduce((sum, { size }) => sum + blobBytesFor(size), 0);
    const bytes = sizeOf(files);
    let before = sizeOf(files.filter(({ blob }) => blob !== undefined));
    return {
      tell: (stored: number, waits: UploadProgress['waits'] = null) =>
        events.emit('upload', { conversation, id, storedBytes: before + stored, bytes, waits }),
      ended: ({ size }: MessageFile) => {
        before += blobBytesFor(size);
      },
    };
  };

  /** The first one that is to go on, if any. Those whose message is gone are over. */
  const next = (): Promise<string | null> =>
    store.transact(async (transaction) => {
      for (let after = ''; ;) {
        const rows = await transaction.list('uploads', { after, limit: PAGE });
        for (const { key: id, value } of rows) {
          const row = await rowOf(transaction, id);
          if (row === null) transaction.delete('uploads', id);
          else if (value.paused !== true) return id;
          else transaction.afterCommit(() => teller(row.message).tell(0, 'paused'));
        }
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return null;
        after = last.key;
      }
    });

  /** Changes a message that is still to be stored; false when it is not any more. */
  const change = (
    id: string,
    work: (transaction: Transaction, row: Row) => Promise<void> | void,
  ): Promise<boolean> =>
    store.transact(async (transaction) => {
      const row = await rowOf(transaction, id);
      if (row === null) return false;
      await work(transaction, row);
      return true;
    });

  /** Blobs for which nodes tell places. After a restart what was begun goes on by the nodes: they take each part themselves, too. */
  const withPlaces = new Set<BlobId>();

  const ticketFor = async (id: string, { index, file }: File): Promise<Ticket | null> => {
    const known = (await store.get('uploads', id))?.tickets[index];
    if (known && clock.now() - messageTime(known.id) < TICKET_MS)
      return { ...known, places: withPlaces.has(known.id) };
    const { id: blob, ticket, nodes, places } = await deps.api.newBlob(blobBytesFor(file.size));
    const given = { id: blob, ticket, nodes };
    const isWanted = await change(id, (transaction, { upload }) => {
      transaction.put('uploads', id, { ...upload, tickets: { ...upload.tickets, [index]: given } });
    });
    if (places === true) withPlaces.add(blob);
    return isWanted ? { ...given, places } : null;
  };

  const withoutTicket = (id: string, index: number): Promise<boolean> =>
    change(id, (transaction, { upload }) => {
      const tickets = Object.entries(upload.tickets).filter(([of]) => Number(of) !== index);
      transaction.put('uploads', id, { ...upload, tickets: Object.fromEntries(tickets) });
    });

  const keepReference = (id: string, index: number, { id: blob, digest }: BlobReference): Promise<boolean> =>
    change(id, (transaction, { key, message }) => {
      const files = message.files?.map((file, at) =>
        at === index ? { ...file, blob: { id: blob, digest: toBase64(digest) } } : file,
      );
      transaction.put('messages', key, { ...message, ...(files && { files }) });
    });

  const send = (id: string): Promise<boolean> =>
    change(id, async (transaction, { upload, key, message }) => {
      const self = device.self();
      const list = (await transaction.get('deviceLists', self.accountId))?.generation;
      const content = writtenContent(message, self.username, list);
      if (content === null) return;
      const { accountId } = named(message.conversation);
      transaction.delete('uploads', id);
      await deps.composer.enqueue(transaction, await clock.mint(transaction), {
        ...addressed(self, accountId, content, await givenTo(transaction, device, accountId)),
        ...{ renew: [], shows: key, despiteKeys: upload.despiteKeys },
      });
      transaction.afterCommit(() => {
        events.emit('message-changed', message);
        deps.onQueued();
      });
    });

  const fail = (id: string, failure: Failure): Promise<boolean> =>
    change(id, async (transaction, { key }) => {
      transaction.delete('uploads', id);
      await deps.messages.advance(transaction, key, 'failed', { failure });
    });

  /** Waits for a server, until its time or {@link Uploads.retryNow}. */
  const rest = async (ms: number, signal: AbortSignal): Promise<void> => {
    const woken = new AbortController();
    wake = () => woken.abort();
    await pause(ms, AbortSignal.any([signal, woken.signal]));
  };

  /** Stores what is missing of a message, and sends it. */
  const storeAll = async (id: string, signal: AbortSignal): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      const row = await rowOf(store, id);
      if (row === null || row.upload.paused) return;
      const { tell, ended } = teller(row.message);
      let index = -1;
      try {
        for (const file of row.message.files ?? []) {
          index += 1;
          if (file.blob) continue;
          const ticket = await ticketFor(id, { index, file });
          if (ticket === null) return;
          tell(0);
          const reference = await uploadBlob({
            ...{ api: deps.blobs, ticket, backoff: deps.backoff, rounds: ROUNDS, signal },
            content: await keptContent(parts, file),
            key: fromBase64(file.key),
            onProgress: (stored) => tell(stored),
            onTaken: () => {
              attempt = 0;
            },
          });
          withPlaces.delete(reference.id);
          if (!(await keepReference(id, index, reference))) return;
          ended(file);
        }
        await send(id);
        return;
      } catch (thrown) {
        // What is kept may be unreadable for now.
        const error = MessengerError.ofVault(thrown);
        if (signal.aborted || error.code === 'closed') throw error;
        const failure = failureOf(error);
        if (failure !== null) {
          await fail(id, failure);
          return;
        }
        if (error.code === 'token-expired' || error.code === 'unauthorized') await withoutTicket(id, index);
        else tell(0, error.code in ERRORS ? (error.code as ErrorCode) : 'unreachable');
        if (!isAway(error)) deps.onFault(error);
        await rest(error.body?.retryAfterMs ?? backoffDelayMs(deps.backoff, attempt, Math.random()), signal);
      }
    }
  };

  const run = coalesce(async () => {
    const { signal } = over;
    for (let id = signal.aborted ? null : await next(); id !== null; id = await next()) {
      const stop = new AbortController();
      current = { id, stop };
      try {
        await storeAll(id, AbortSignal.any([signal, stop.signal]));
      } catch (error) {
        if (signal.aborted) return;
        if (!stop.signal.aborted) throw error;
      } finally {
        current = null;
      }
    }
  });

  /** The message that is being stored has been taken back, or is to wait. */
  const stopIfGone = async (): Promise<void> => {
    const stored = current;
    if (stored === null) return;
    const row = await rowOf(store, stored.id);
    if (row === null || row.upload.paused) stored.stop.abort();
  };

  const background = (work: Promise<void>): void =>
    void work.catch((error: unknown) => {
      if (!(error instanceof MessengerError && error.code === 'closed')) deps.onFault(error);
    });
  const pump = (): void => {
    if (over.signal.aborted) return;
    background(stopIfGone());
    background(run());
  };

  return {
    start: () => {
      if (!over.signal.aborted) return;
      over = new AbortController();
      pump();
    },
    stop: () => over.abort(),
    pump,
    retryNow: () => wake(),
  };
};
