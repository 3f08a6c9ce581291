import { named, type Conversation, type ConversationId, type Messenger } from '@restante/client';

/** Contacts that see whether this person is there: those of the latest conversations. */
const AUDIENCE = 256;

/** One presence for all tabs: here while a person looks at any of them, else away. Strangers and the blocked see none. */
export type PresenceOfTabs = {
  readonly note: (tab: string, visible: boolean) => void;
  readonly forget: (tab: string) => void;
  /** A conversation has changed: it may be a newer one now, or have been accepted or blocked. */
  readonly noteConversation: (conversation: Conversation) => void;
  readonly forgetConversation: (id: ConversationId) => void;
  /** A messenger has begun to run: its conversations are read, once. */
  readonly begin: () => void;
};

type Teller = Pick<Messenger, 'conversations' | 'setPresence'>;
type Known = Pick<Conversation, 'standing' | 'lastMessageAt'>;

/** `messenger` gives the one that is signed in and running, or null. */
export const createPresenceOfTabs = (
  messenger: () => Teller | null,
  onFault: (error: unknown) => void,
): PresenceOfTabs => {
  const visible = new Set<string>();
  /** Null: it has been deleted. What is noted while they are read is newer than what is read. */
  let known = new Map<ConversationId, Known | null>();
  let isRead = false;

  const tell = (): void => {
    if (!isRead) return;
    const audience = [...known]
      .flatMap(([id, each]) => (each?.standing === 'accepted' ? [{ id, ...each }] : []))
      .sort((a, b) => b.lastMessageAt - a.lastMessageAt)
      .slice(0, AUDIENCE);
    messenger()?.setPresence(
      visible.size > 0 ? 'online' : 'away',
      audience.map(({ id }) => named(id).accountId),
    );
  };
  const begin = (): void => {
    const by = messenger();
    if (by === null) return;
    const fresh = new Map<ConversationId, Known | null>();
    known = fresh;
    isRead = false;
    by.conversations()
      .then((all) => {
        if (known !== fresh) return;
        for (const { id, standing, lastMessageAt } of all)
          if (!fresh.has(id)) fresh.set(id, { standing, lastMessageAt });
        isRead = true;
        tell();
      })
      .catch((error: unknown) => {
        if (messenger() === by) onFault(error);
      });
  };

  return {
    note: (tab, isVisible) => {
      if (visible.has(tab) === isVisible) return;
      if (isVisible) visible.add(tab);
      else visible.delete(tab);
      tell();
    },
    forget: (tab) => {
      if (visible.delete(tab)) tell();
    },
    noteConversation: ({ id, standing, lastMessageAt }) => {
      const before = known.get(id)?.standing;
      known.set(id, { standing, lastMessageAt });
      if (before !== standing) tell();
    },
    forgetConversation: (id) => {
      if (isRead) known.delete(id);
      else known.set(id, null);
      tell();
    },
    begin,
  };
};
