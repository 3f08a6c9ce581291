import type { AccountId } from '@restante/protocol';
import type { ConversationId } from '../vault/conversation-id.ts';
import { authoredKey } from '../vault/keys.ts';
import type { Store } from '../vault/store.ts';
import type { KeptFile, Message } from '../vault/tables.ts';
import type { PartStore } from './part-store.ts';

/** What a conversation's files take of this device. */
export type StoredFiles = {
  readonly conversation: ConversationId;
  readonly files: number;
  readonly bytes: number;
};

/** The room that files take. */
export type FileStorage = {
  /** By conversation, the most first: what is kept, and what can be removed. */
  readonly storedFiles: () => Promise<StoredFiles[]>;
  /**
   * Removes the files of a conversation from this device, but for those that still have to be sent. Messages and small pictures stay; what the
   * nodes have is fetched again when it is asked for, for 30 days after it was sent.
   */
  readonly removeStoredFiles: (conversation: ConversationId) => Promise<void>;
};

const PAGE = 500;

type Stored = { readonly name: string; readonly bytes: number; readonly conversation: ConversationId };

export type FileStorageDeps = {
  readonly store: Store;
  readonly parts: PartStore;
  readonly self: () => AccountId;
  /** Names of files that are being kept, and have no message yet. */
  readonly keeping: ReadonlySet<string>;
  /** Resolves when the vault has been read; rejects when it has no account. */
  readonly registered: () => Promise<void>;
};

const pagesOf = <T>(all: readonly T[]): (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / PAGE) }, (_, page) =>
    all.slice(page * PAGE, (page + 1) * PAGE),
  );

export const createFileStorage = ({
  store,
  parts,
  self,
  keeping,
  registered,
}: FileStorageDeps): FileStorage => {
  const messageOf = async ({ author, message }: KeptFile): Promise<Message | undefined> => {
    const key = await store.get('messageKeys', authoredKey(author, message));
    return key === undefined ? undefined : store.get('messages', key);
  };
  /** Also one that has failed may still be sent. */
  const isToBeSent = async ({ author, message: id }: KeptFile, { state }: Message): Promise<boolean> =>
    author === self() &&
    (state === 'queued' || state === 'failed' || (await store.get('uploads', id)) !== undefined);

  /** Files whose message is here, and which are not to be sent any more. */
  const removable = async (): Promise<Stored[]> => {
    const found: Stored[] = [];
    for (const page of pagesOf([...(await parts.files())].filter(([name]) => !keeping.has(name)))) {
      const kept = await store.getMany(
        'keptFiles',
        page.map(([name]) => name),
      );
      for (const [index, [name, bytes]] of page.entries()) {
        const owner = kept[index];
        const message = owner === undefined ? undefined : await messageOf(owner);
        if (owner === undefined || message === undefined || (await isToBeSent(owner, message))) continue;
        found.push({ name, bytes, conversation: message.conversation });
      }
    }
    return found;
  };

  return {
    storedFiles: async () => {
      await registered();
      const byConversation = Map.groupBy(await removable(), ({ conversation }) => conversation);
      return [...byConversation]
        .map(([conversation, files]) => ({
          ...{ conversation, files: files.length },
          bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        }))
        .sort((a, b) => b.bytes - a.bytes);
    },
    removeStoredFiles: async (conversation) => {
      await registered();
      for (const file of await removable())
        if (file.conversation === conversation) await parts.drop(file.name);
    },
  };
};
