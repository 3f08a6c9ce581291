import { messageTime, PLAIN_PART_BYTES, type MessageId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import { fromBase64, toBase64 } from '../base64.ts';
import type { BlobReader } from '../blobs/read-blob.ts';
import type { BlobContent } from '../blobs/sealed-parts.ts';
import { codeOnDemand } from '../code-on-demand.ts';
import { checkContent, encodeContent } from '../content/codec.ts';
import { filesContent, MAX_FILE_BYTES } from '../content/kinds/files.ts';
import { CONTENT_VERSION, type MessageReference } from '../content/parts.ts';
import { checkLength } from '../content/text-length.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { fileName, fileType } from '../files/file-name.ts';
import { placedFile } from '../files/file-place.ts';
import { keepFile, keptContent, keptName, keptParts } from '../files/kept-files.ts';
import { MAX_FILES, MAX_PREVIEW_BYTES } from '../files/limits.ts';
import type { PartStore } from '../files/part-store.ts';
import { MessengerError } from '../messenger-error.ts';
import { createRemembered } from '../remembered.ts';
import type { Composer } from '../sending/compose.ts';
import type { BlobApi } from '../server/blob-api.ts';
import type { ServerClock } from '../server/clock.ts';
import type { MasterApi } from '../server/master-api.ts';
import { named, type ConversationId } from '../vault/conversation-id.ts';
import { authoredKey } from '../vault/keys.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { Message, MessageFile } from '../vault/tables.ts';
import type { TextOptions } from './conversing.ts';
import type { Messages } from './messages.ts';
import { checkRequestId } from './request-id.ts';
import { timerOf } from './timing.ts';

/** A file that is to be sent. It is read once, before the promise of `sendFiles` resolves. */
export type GivenFile = BlobContent &
  Pick<MessageFile, 'name' | 'type' | 'width' | 'height' | 'seconds'> & {
    /** A small picture of it. All of a message together: at most 8 KiB. */
    readonly preview?: Uint8Array;
    /** How loud a voice message is, from its beginning to its end: at most 128 bytes. */
    readonly waveform?: Uint8Array;
  };

export type FilesOptions = TextOptions & {
  /** What is said to them. */
  readonly text?: string;
  readonly signal?: AbortSignal;
  /** Bytes that are kept by now, of all files together. */
  readonly onProgress?: (bytes: number) => void;
};

/** A file of a message, as its sender has sent it: what is not on this device comes from the nodes, and is kept. */
export type OpenedFile = Pick<MessageFile, 'name' | 'type' | 'size'> & {
  /**
   * Its bytes from `from` up to, and without, `to`, in pieces.
   *
   * @throws MessengerError `not-found` when no node has it any more, `blob-altered` when all give something else, `file-lost` for an own one
   *   that is not stored yet, `unreachable`
   */
  readonly range: (from: number, to: number) => AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /**
   * Its bytes from `from` on, as many as come with one part, less than 1 MiB; none at its end and behind it. Each is what the sender has
   * encrypted for this place; that all together are the file that was sent is known when all have been read once.
   *
   * @throws MessengerError the same
   */
  readonly piece: (from: number) => Promise<Uint8Array<ArrayBuffer>>;
  /** All of it. After the last piece, `blob-altered` when it is not the file that was sent: nothing of it is to be kept. */
  readonly whole: () => AsyncGenerator<Uint8Array<ArrayBuffer>>;
};

/** What a person does with files. */
export type Filing = {
  /**
   * Keeps files on this device, and queues a message with them, which goes out when all of them are stored at the nodes; `upload` events tell
   * how far that is, `message-changed` what becomes of the message.
   *
   * @throws MessengerError `bad-files`, `bad-text`, `storage-full`, and what `sendText` throws; AbortError by the signal
   */
  readonly sendFiles: (to: string, files: readonly GivenFile[], options?: FilesOptions) => Promise<Message>;
  /** A message whose files are not all stored yet waits until it is told to go on, over restarts; any other is left as it is. */
  readonly pauseUpload: (id: MessageId, isPaused: boolean) => Promise<void>;
  /** @throws MessengerError `not-found` when there is no such file here */
  readonly openFile: (
    conversation: ConversationId,
    target: MessageReference,
    index: number,
  ) => Promise<OpenedFile>;
  /**
   * Asks whoever may have a file that no node has any more to store it again: its author, if they are let in, and own devices. When one has,
   * `message-changed` tells of the file in another blob. Nobody is asked twice within an hour.
   *
   * @throws MessengerError `not-found` when there is no such file here, `file-lost` when nobody else could have it
   */
  readonly askForFile: (
    conversation: ConversationId,
    target: MessageReference,
    index: number,
  ) => Promise<void>;
};

export type FilingDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly messages: Messages;
  readonly events: MessengerEventSource;
  readonly parts: PartStore;
  readonly api: Pick<MasterApi, 'blob'>;
  readonly blobs: BlobApi;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Names of files that are being kept, and have no message yet. */
  readonly keeping: Set<string>;
  readonly resolve: (to: string) => Promise<ConversationId>;
  readonly admitWriting: (
    transaction: Transaction,
    conversation: ConversationId,
    despiteKeys: boolean,
  ) => Promise<void>;
  readonly saveDraft: (
    transaction: Transaction,
    conversation: ConversationId,
    draft: string,
  ) => Promise<unknown>;
  readonly composer: Pick<Composer, 'enqueue' | 'isAlone'>;
  readonly ready: () => Promise<void>;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  /** There is something to be stored, or nothing more of what there was. */
  readonly onUpload: () => void;
};

const readBlobCode = codeOnDemand(() => import('../blobs/read-blob.ts'));

const ASKING_MS = 60 * 60 * 1000;
const KEY_BYTES = 32;
/** Files whose ticket is kept, and which node had a part: players come back for each piece. */
const MAX_READERS = 8;
/** Stands for what is not known before a file is stored, and is as long. */
const NO_BLOB = { id: '00000000-0000-7000-8000-000000000000', digest: toBase64(new Uint8Array(32)) };

const checkFiles = (files: readonly GivenFile[]): void => {
  const previewBytes = files.reduce((sum, { preview }) => sum + (preview?.length ?? 0), 0);
  const isWell =
    files.length > 0 &&
    files.length <= MAX_FILES &&
    previewBytes <= MAX_PREVIEW_BYTES &&
    files.every(({ size }) => Number.isSafeInteger(size) && size >= 0 && size <= MAX_FILE_BYTES);
  if (!isWell) throw new MessengerError('bad-files', 'files are none, too many, or too large');
};

const described = (
  { name, type, size, width, height, seconds, preview, waveform }: GivenFile,
  key: Uint8Array,
): MessageFile => ({
  ...{ name: fileName(name), type: fileType(type), size, key: toBase64(key) },
  ...(width !== undefined && height !== undefined && { width, height }),
  ...(seconds !== undefined && { seconds }),
  ...(preview && preview.length > 0 && { preview: toBase64(preview) }),
  ...(waveform && waveform.length > 0 && { waveform: toBase64(waveform) }),
});

export const createFiling = (deps: FilingDeps): Filing => {
  const { store, device, clock, messages, parts } = deps;
  const readers = createRemembered<Promise<BlobReader>>(MAX_READERS);

  const find = async ({ author, id }: MessageReference): Promise<Message | undefined> => {
    const key = await store.get('messageKeys', authoredKey(author, id));
    return key === undefined ? undefined : store.get('messages', key);
  };

  const sentBefore = async (requestId: string | undefined): Promise<Message | undefined> => {
    const id = requestId === undefined ? undefined : await store.get('requests', requestId);
    return id === undefined ? undefined : find({ author: device.accountId(), id });
  };

  /** Throws `bad-text` when the message would be too large for an envelope. */
  const checkFits = (files: readonly MessageFile[], text: string): void => {
    const { id } = NO_BLOB;
    const stored = files.map((file) => ({ ...file, blob: NO_BLOB }));
    const content = filesContent({ id, text, files: stored }, device.self().username);
    if (content !== null) checkContent(content);
  };

  const queue = (
    conversation: ConversationId,
    files: readonly MessageFile[],
    { text = '', replyTo, requestId, despiteKeys = false, draft }: FilesOptions,
  ): Promise<Message> =>
    store.transact(async (transaction) => {
      const author = device.accountId();
      const sent = requestId && (await transaction.get('requests', requestId));
      const sentKey = sent && (await transaction.get('messageKeys', authoredKey(author, sent)));
      const before = sentKey && (await transaction.get('messages', sentKey));
      if (before) return before;
      const id = await clock.mint(transaction);
      const message: Message = {
        ...{ id, conversation, text, files, sentAt: messageTime(id) },
        ...{ direction: 'out', kind: 'text', state: 'queued' },
        ...(replyTo && { replyTo }),
        ...(await timerOf(transaction, conversation)),
      };
      await deps.admitWriting(transaction, conversation, despiteKeys);
      await messages.add(transaction, author, message);
      if (draft !== undefined) await deps.saveDraft(transaction, conversation, draft);
      for (const file of files) transaction.put('keptFiles', await keptName(file), { author, message: id });
      transaction.put('uploads', id, { despiteKeys, tickets: {} });
      if (requestId !== undefined) transaction.put('requests', requestId, id);
      transaction.afterCommit(deps.onUpload);
      return message;
    });

  const dropAll = async (names: readonly string[]): Promise<void> => {
    await Promise.all(names.map((name) => parts.drop(name).catch(() => undefined)));
  };

  const pieces = async function* (content: BlobContent, from: number, to: number) {
    const end = Math.min(to, content.size);
    for (let at = from; at < end; at += PLAIN_PART_BYTES)
      yield new Uint8Array(await content.read(at, Math.min(end, at + PLAIN_PART_BYTES)));
  };

  /** Whether what is kept under the name of a file is this message's. Whoever gets a file could send its key again with another one. */
  const ownsKept = async (file: MessageFile, { author, id }: MessageReference): Promise<boolean> => {
    const name = await keptName(file);
    return store.transact(async (transaction) => {
      const owner = await transaction.get('keptFiles', name);
      if (owner === undefined) transaction.put('keptFiles', name, { author, message: id });
      return owner === undefined || (owner.author === author && owner.message === id);
    });
  };

  const ownReader = async (file: MessageFile): Promise<BlobReader> => {
    const content = await keptContent(parts, file);
    const endOfPart = (from: number): number => from - (from % PLAIN_PART_BYTES) + PLAIN_PART_BYTES;
    return {
      range: (from, to) => pieces(content, from, to),
      piece: async (from) =>
        new Uint8Array(await content.read(from, Math.max(from, Math.min(endOfPart(from), file.size)))),
      whole: () => pieces(content, 0, file.size),
    };
  };

  const readerOf = (file: MessageFile, isKept: boolean): Promise<BlobReader> => {
    const { blob, key, size } = file;
    if (blob === undefined) return ownReader(file);
    const name = [blob.id, blob.digest, key, size, isKept].join(' ');
    const open = async (): Promise<BlobReader> => {
      const { readBlob } = await readBlobCode();
      return readBlob(
        deps.blobs,
        { id: blob.id, key: fromBase64(key), digest: fromBase64(blob.digest), size },
        () => deps.api.blob(blob.id),
        // There may be room when it is opened the next time.
        isKept ? await keptParts(parts, file, () => readers.delete(name)) : undefined,
      );
    };
    const reader = readers.get(name) ?? open();
    readers.set(name, reader);
    // What could not be opened is tried anew.
    reader.catch(() => readers.delete(name));
    return reader;
  };

  return {
    sendFiles: async (to, given, options = {}) => {
      checkFiles(given);
      checkLength(options.text ?? '');
      checkRequestId(options.requestId);
      await deps.ready();
      const sent = await sentBefore(options.requestId);
      if (sent) return sent;
      const conversation = await deps.resolve(to);
      const signal = options.signal ?? new AbortController().signal;
      const files = given.map((file) => described(file, deps.random(new Uint8Array(KEY_BYTES))));
      checkFits(files, options.text ?? '');
      const names = await Promise.all(files.map(keptName));
      for (const name of names) deps.keeping.add(name);
      try {
        let before = 0;
        for (const [index, file] of files.entries()) {
          const content = given[index] as BlobContent;
          await keepFile(parts, file, content, {
            signal,
            onProgress: (bytes) => options.onProgress?.(before + bytes),
          });
          before += file.size;
        }
        const message = await queue(conversation, files, options);
        if (message.files?.[0]?.key !== files[0]?.key) await dropAll(names);
        return message;
      } catch (error) {
        await dropAll(names);
        throw error;
      } finally {
        for (const name of names) deps.keeping.delete(name);
      }
    },
    pauseUpload: (id, isPaused) =>
      store.transact(async (transaction) => {
        const upload = await transaction.get('uploads', id);
        if (upload === undefined || (upload.paused ?? false) === isPaused) return;
        const { despiteKeys, tickets } = upload;
        transaction.put('uploads', id, { despiteKeys, tickets, ...(isPaused && { paused: true }) });
        transaction.afterCommit(deps.onUpload);
      }),
    openFile: async (conversation, target, index) => {
      const message = await find(target);
      const file = message?.conversation === conversation ? message.files?.[index] : undefined;
      if (file === undefined) throw new MessengerError('not-found', 'there is no such file here');
      const isKept = await ownsKept(file, target);
      const { name, type, size } = file;
      const { range, piece, whole } = await readerOf(file, isKept);
      return {
        ...{ name, type, size, range, piece },
        whole: async function* () {
          let readBytes = 0;
          for await (const piece of whole()) {
            readBytes += piece.length;
            deps.events.emit('download', { conversation, ...target, index, readBytes, bytes: size });
            yield piece;
          }
        },
      };
    },
    askForFile: async (conversation, target, index) => {
      await deps.ready();
      await store.transact(async (transaction) => {
        const placed = await placedFile(transaction, target, index);
        if (placed?.message.conversation !== conversation)
          throw new MessengerError('not-found', 'there is no such file here');
        const { key, message, file } = placed;
        const askedAt = clock.now();
        if (file.askedAt !== undefined && Math.abs(askedAt - file.askedAt) < ASKING_MS) return;
        const standing = (await transaction.get('conversations', conversation))?.standing;
        const asksAuthor = message.direction === 'in' && standing === 'accepted';
        if (!asksAuthor && (await deps.composer.isAlone(transaction)))
          throw new MessengerError('file-lost', 'no other device is known that could have the file');
        const plaintext = encodeContent({
          ...{ v: CONTENT_VERSION, kind: 'file-request', target, index, blob: file.blob.id },
        });
        await deps.composer.enqueue(transaction, await clock.mint(transaction), {
          to: asksAuthor ? { accountId: named(conversation).accountId, plaintext } : null,
          ...{ ownCopy: plaintext, renew: [], shows: null },
        });
        const asked = message.files?.map((each, at) => (at === index ? { ...each, askedAt } : each));
        const changed = { ...message, ...(asked && { files: asked }) };
        transaction.put('messages', key, changed);
        transaction.afterCommit(() => {
          deps.events.emit('message-changed', changed);
          deps.pump();
        });
      });
    },
  };
};
