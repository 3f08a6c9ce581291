import type { ConversationId } from '@restante/client';
/**
 * What was written in a page's last moment: the worker that saves drafts may end with the page, this is kept at once. It
 * lies there as it is, so nothing is kept where the vault takes a passphrase, and goes with the account.
 */
export type UnsavedDrafts = {
  /** `over`: the drafts that the vault may hold by then. When it holds another one, `text` is old. */
  readonly keep: (conversation: ConversationId, text: string, over: readonly string[]) => void;
  /** What goes on where `saved` ends, once; null: nothing does. */
  readonly take: (conversation: ConversationId, saved: string) => string | null;
  readonly forget: (conversation: ConversationId) => void;
  readonly forgetAll: () => void;
};

const PREFIX = 'unsaved-draft.';

type Kept = { readonly text: string; readonly over: readonly unknown[] };

const isKept = (value: unknown): value is Kept =>
  typeof value === 'object' &&
  value !== null &&
  'text' in value &&
  typeof value.text === 'string' &&
  'over' in value &&
  Array.isArray(value.over);

const parse = (stored: string): Kept | null => {
  try {
    const value: unknown = JSON.parse(stored);
    return isKept(value) ? value : null;
  } catch {
    return null;
  }
};

type Strings = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;

export const createUnsavedDrafts = (storage: Strings, mayKeep: () => boolean): UnsavedDrafts => {
  const forget = (conversation: ConversationId): void => storage.removeItem(PREFIX + conversation);
  return {
    keep: (conversation, text, over) => {
      if (!mayKeep()) return;
      try {
        storage.setItem(PREFIX + conversation, JSON.stringify({ text, over } satisfies Kept));
      } catch {
        // There is no room: what has been saved until now has to do.
      }
    },
    take: (conversation, saved) => {
      const stored = storage.getItem(PREFIX + conversation);
      if (stored === null) return null;
      forget(conversation);
      const kept = parse(stored);
      return kept?.over.includes(saved) === true ? kept.text : null;
    },
    forget,
    forgetAll: () => {
      const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '');
      for (const key of keys) if (key.startsWith(PREFIX)) storage.removeItem(key);
    },
  };
};
