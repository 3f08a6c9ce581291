import type { AccountId, PresenceDown, PresenceUp, TypingDown } from '@restante/protocol';
import { coalesce } from '../coalesce.ts';
import type { SendFrame } from '../connection/socket.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { PreferenceStore } from '../account/preferences.ts';
import { conversationWith, named, type ConversationId } from '../vault/conversation-id.ts';
import { mayBeTold, standingOf, standingsOf } from './standings.ts';
import type { Store } from '../vault/store.ts';

/** What people who are connected at the same moment see of each other: nothing, where one has not let the other in. */
export type Presenting = {
  readonly setTyping: (conversation: ConversationId, active: boolean) => void;
  /**
   * Shows these accounts that this device is there, now and after each reconnection; from them alone it is told whether they are, and
   * whether they write.
   */
  readonly setPresence: (state: PresenceUp['state'], to: readonly AccountId[]) => void;
};

export type Presence = Presenting & {
  readonly connect: (send: SendFrame) => void;
  readonly disconnect: () => void;
  readonly onTyping: (frame: TypingDown) => void;
  readonly onPresence: (frame: PresenceDown) => void;
};

export const createPresence = (
  store: Store,
  events: MessengerEventSource,
  preferences: Pick<PreferenceStore, 'current'>,
): Presence => {
  let send: SendFrame | null = null;
  let wanted: PresenceUp | null = null;
  /** Those whom it is shown to and taken from, as far as they are let in. */
  let met: ReadonlySet<AccountId> = new Set();

  const onFault = (error: unknown): void => {
    if (send !== null) events.emit('fault', error instanceof Error ? error : new Error('unknown fault'));
  };

  const announceOnce = coalesce(async () => {
    if (wanted === null) return;
    const standings = await standingsOf(store, wanted.to);
    met = new Set([...standings.keys()].filter((accountId) => mayBeTold(standings.get(accountId))));
    const isShown = preferences.current().presence;
    send?.({ ...wanted, to: isShown ? [...met] : [], ...(isShown ? {} : { from: [...met] }) });
  });
  const announce = (): void => void announceOnce().catch(onFault);

  events.on('preferences', announce);
  events.on('conversation', ({ id, standing }) => {
    const { accountId } = named(id);
    if (wanted?.to.includes(accountId) && mayBeTold(standing) !== met.has(accountId)) announce();
  });

  /** Does something unless the account has asked in vain, or is blocked. */
  const ifMet = (accountId: AccountId, action: () => void): void =>
    void standingOf(store, accountId)
      .then((standing) => {
        if (mayBeTold(standing)) action();
      })
      .catch(onFault);

  return {
    setTyping: (conversation, active) => {
      const { accountId: to } = named(conversation);
      if (preferences.current().typing) ifMet(to, () => send?.({ type: 'typing', to, active }));
    },
    setPresence: (state, to) => {
      wanted = { type: 'presence', state, to: [...to] };
      announce();
    },
    connect: (sendFrame) => {
      send = sendFrame;
      announce();
    },
    disconnect: () => {
      send = null;
    },
    onTyping: ({ accountId, active }) =>
      ifMet(accountId, () =>
        events.emit('typing', { conversation: conversationWith(accountId), accountId, active }),
      ),
    onPresence: ({ accountId, state }) =>
      ifMet(accountId, () => events.emit('presence', { accountId, state })),
  };
};
