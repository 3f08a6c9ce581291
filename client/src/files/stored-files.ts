import type { AccountId } from '@restante/protocol';
import type { ConversationId } from '../vault/conversation-id.ts';
import type { Store } from '../vault/store.ts';
import type { KeptFile, Message } from '../vault/tables.ts';
import { messageOfKept } from './message-of-kept.ts';
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

export const createFileStorage = ({
  store,
  parts,
  self,
  keeping,
  registered,
}: FileStorageDeps): FileStorage => {
  /** Also one that has failed may still be sent. */
  const isToBeSent = async ({ author, message: id }: KeptFile, { state }: Message): Promise<boolean> =>
    author === self() &&
    (state === 'queued' || state === 'failed' || (await store.get('uploads', id)) !== undefined);

  /** Files whose message is here, and which are not to be sent any more. */
  const removable = async (): Promise<Stored[]> => {
    const found: Stored[] = [];
    for (const [name, bytes] of await parts.files()) {
      const kept = keeping.has(name) ? null : await messageOfKept(store, name);
      if (kept === null || (await isToBeSent(kept.owner, kept.message))) continue;
      found.push({ name, bytes, conversation: kept.message.conversation });
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
