import type { Messenger } from '@restante/client';
import type { ToLeader } from './channel.ts';

type TabState = Extract<ToLeader, { kind: 'tab' }>['state'];

/** Contacts that see whether this person is there: those of the latest conversations. */
const AUDIENCE = 256;

/** One presence for all tabs: here while a person looks at any of them, else away. */
export const createPresenceOfTabs = (messenger: Promise<Messenger>) => {
  const visible = new Set<string>();
  return {
    note: (tab: string, state: TabState): void => {
      if (state === 'visible') visible.add(tab);
      else visible.delete(tab);
      void messenger.then(async (opened) => {
        const conversations = await opened.conversations();
        const to = conversations.slice(0, AUDIENCE).map(({ accountId }) => accountId);
        opened.setPresence(visible.size > 0 ? 'online' : 'away', to);
      });
    },
  };
};
