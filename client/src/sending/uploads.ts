import { blobBytesFor, ERRORS, type ErrorCode } from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import { backoffDelayMs } from '../connection/backoff.ts';
import type { Device } from '../account/device.ts';
import type { BlobReference } from '../blobs/upload-blob.ts';
import { coalesce } from '../coalesce.ts';
import { addressed, type Given } from '../content/addressed.ts';
import { editContent } from '../content/kinds/edit.ts';
import { writtenContent } from '../content/kinds/text.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { SharedContent } from '../content/shared.ts';
import type { MessengerEventSource, UploadProgress } from '../events/messenger-events.ts';
import { isAway, MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import type { ServerClock } from '../server/clock.ts';
import { named } from '../vault/conversation-id.ts';
import { authoredKey } from '../vault/keys.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { Failure, Message, MessageFile, Upload } from '../vault/tables.ts';
import type { Composer, Draft } from './compose.ts';
import { givenTo } from './given-to.ts';
import type { SentMessages } from './outbox.ts';
import { isTicketOver, storeFile, storingFailure, type FileTicket, type StoringDeps } from './store-file.ts';

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

export type UploadsDeps = StoringDeps & {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly composer: Composer;
  readonly messages: SentMessages;
  readonly events: MessengerEventSource;
  /** A message is in the outbox. */
  readonly onQueued: () => void;
  readonly onFault: (error: unknown) => void;
};

type Row = { readonly upload: Upload; readonly key: string; readonly message: Message };

const PAGE = 32;

export const createUploads = (deps: UploadsDeps): Uploads => {
  const { store, device, clock, events } = deps;
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

  const keepTicket = (id: string, index: number, ticket: FileTicket): Promise<boolean> =>
    change(id, (transaction, { upload }) => {
      transaction.put('uploads', id, { ...upload, tickets: { ...upload.tickets, [index]: ticket } });
    });

  const withoutTicket = (id: string, index: number): Promise<boolean> =>
    change(id, (transaction, { upload }) => {
      const tickets = Object.entries(upload.tickets).filter(([of]) => Number(of) !== index);
      transaction.put('uploads', id, { ...upload, tickets: Object.fromEntries(tickets) });
    });

  const keepReference = (
    id: string,
    index: number,
    { id: blob, digest }: Pick<BlobReference, 'id' | 'digest'>,
  ): Promise<boolean> =>
    change(id, (transaction, { key, message }) => {
      const files = message.files?.map((file, at) =>
        at === index ? { ...file, blob: { id: blob, digest: toBase64(digest) } } : file,
      );
      transaction.put('messages', key, { ...message, ...(files && { files }) });
    });

  /** A message whose files are all stored goes out, and behind it what its author has said of it meanwhile. */
  const send = (id: string): Promise<boolean> =>
    change(id, async (transaction, { upload: { despiteKeys }, key, message }) => {
      const self = device.self();
      const list = (await transaction.get('deviceLists', self.accountId))?.generation;
      const content = writtenContent(message, self.username, list);
      if (content === null) return;
      const { accountId } = named(message.conversation);
      transaction.delete('uploads', id);
      const enqueue = async (
        said: SharedContent,
        how: Pick<Draft, 'shows' | 'edit'>,
        given?: Given,
      ): Promise<void> =>
        deps.composer.enqueue(transaction, await clock.mint(transaction), {
          ...addressed(self, accountId, said, given),
          ...{ ...how, renew: [], despiteKeys },
        });
      const given = await givenTo(transaction, device, accountId, message.timer);
      await enqueue(content, { shows: key }, given);
      const { edited, text, reactions } = message;
      if (edited)
        await enqueue(editContent(message.id, { id: edited.id, text }), {
          ...{ shows: null, edit: { target: message.id, id: edited.id } },
        });
      const reaction = reactions?.[self.accountId];
      if (reaction?.emoji) {
        const target = { author: self.accountId, id: message.id };
        await enqueue({ v: CONTENT_VERSION, kind: 'reaction', target, ...reaction }, { shows: null });
      }
      transaction.afterCommit(() => {
        events.emit('message-changed', message);
        deps.onQueued();
      });
    });

  const fail = (id: string, failure: Failure): Promise<boolean> =>
    change(id, async (transaction, { key }) => {
      transaction.delete('uploads', id);
      await deps.messages.advance(transaction, device.accountId(), key, 'failed', { failure });
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
          const reference = await storeFile(deps, file, {
            ...{ ticket: row.upload.tickets[index], signal },
            keepTicket: (ticket) => keepTicket(id, index, ticket),
            onProgress: tell,
            onTaken: () => {
              attempt = 0;
            },
          });
          if (reference === null) return;
          if (!(await keepReference(id, index, reference))) return;
          ended(file);
        }
        await send(id);
        return;
      } catch (thrown) {
        // What is kept may be unreadable for now.
        const error = MessengerError.ofVault(thrown);
        if (signal.aborted || error.code === 'closed') throw error;
        const failure = storingFailure(error);
        if (failure !== null) {
          await fail(id, failure);
          return;
        }
        if (isTicketOver(error)) await withoutTicket(id, index);
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
