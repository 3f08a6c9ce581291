import type { Conversation, Messenger } from '@restante/client';

/** Contacts that see whether this person is there: those of the latest conversations. */
const AUDIENCE = 256;

/** One presence for all tabs: here while a person looks at any of them, else away. Strangers and the blocked see none. */
export type PresenceOfTabs = {
  readonly note: (tab: string, visible: boolean) => void;
  readonly forget: (tab: string) => void;
  /** A conversation has changed: it may have been accepted or blocked. */
  readonly noteConversation: (conversation: Conversation) => void;
  /** Another messenger, other preferences, a conversation less: tells it anew. */
  readonly update: () => void;
};

/** `messenger` gives the one that is signed in and running, or null. */
export const createPresenceOfTabs = (
  messenger: () => Messenger | null,
  onFault: (error: unknown) => void,
): PresenceOfTabs => {
  const visible = new Set<string>();
  let standings = new Map<string, Conversation['standing']>();

  const tell = async (by: Messenger): Promise<void> => {
    const conversations = await by.conversations();
    standings = new Map(conversations.map(({ accountId, standing }) => [accountId, standing]));
    const audience = conversations.filter(({ standing }) => standing === 'accepted').slice(0, AUDIENCE);
    by.setPresence(
      visible.size > 0 ? 'online' : 'away',
      audience.map(({ accountId }) => accountId),
    );
  };
  const update = (): void => {
    const by = messenger();
    if (by === null) return;
    tell(by).catch((error: unknown) => {
      if (messenger() === by) onFault(error);
    });
  };

  return {
    note: (tab, isVisible) => {
      if (visible.has(tab) === isVisible) return;
      if (isVisible) visible.add(tab);
      else visible.delete(tab);
      update();
    },
    forget: (tab) => {
      if (visible.delete(tab)) update();
    },
    noteConversation: ({ accountId, standing }) => {
      if (standings.get(accountId) !== standing) update();
    },
    update,
  };
};
