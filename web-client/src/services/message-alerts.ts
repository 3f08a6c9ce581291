import { isMuted } from '@restante/client/conversation-settings';
import { nameOf } from './name-of.ts';
import { spokenText } from './spoken-text.ts';
import type { ConversationId, Message } from '@restante/client';
import type { Alerts } from '../state/alerts.svelte.ts';
import type { Connection } from '../state/connection.svelte.ts';
import type { Conversations } from '../state/conversations.svelte.ts';
import type { Locale } from '../state/locale.svelte.ts';
import type { Router } from '../state/router.svelte.ts';
import type { EventFeed } from './event-feed.ts';
import type { Notifications } from './notifications.ts';

type Deps = {
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly notifications: Pick<Notifications, 'show' | 'closeRead' | 'onOpen'>;
  readonly alerts: Pick<Alerts, 'on' | 'withDetails'>;
  readonly connection: Pick<Connection, 'catchUp'>;
  readonly conversations: Pick<Conversations, 'get' | 'loaded'>;
  readonly locale: Pick<Locale, 't'>;
  readonly router: Pick<Router, 'go' | 'href'>;
};

/** What comes within this time is told together, if it has not been read by then, here or on another device. */
const SETTLE_MS = 1_000;

/**
 * Lets the browser tell of new messages as the person wants it, and leads there on a click: one summary for each
 * conversation, none while the mailboxes are being read, none of what has been read, and none is left of that.
 */
export const alertOfMessages = (deps: Deps): void => {
  const { feed, notifications, alerts, connection, conversations, locale, router } = deps;
  /** The newest message of each conversation that is to be told of. */
  let untold = new Map<ConversationId, Message>();
  let timer: ReturnType<typeof setTimeout> | null = null;

  /** Of what is muted nothing is told. */
  const isToBeTold = (conversation: ConversationId): boolean => {
    const row = conversations.get(conversation);
    return row !== undefined && row.unread > 0 && !isMuted(row.settings, Date.now());
  };
  const tell = (message: Message): void => {
    const { conversation } = message;
    const text = spokenText(message);
    const row = conversations.get(conversation);
    const { appName, alert, conversation: strings } = locale.t;
    const count = row?.unread ?? 0;
    const path = `/${router.href({ name: 'conversation', conversation })}`;
    const many = count > 1 ? strings.arrivedMany(count) : null;
    const words = alerts.withDetails
      ? {
          title: nameOf(row, strings.unnamed),
          body: many === null ? text : strings.arrived(many, text),
        }
      : { title: appName, body: many ?? alert };
    void notifications.show({ conversation, path, ...words }, () => isToBeTold(conversation));
  };
  const settle = (): void => {
    timer = null;
    if (!conversations.loaded || connection.catchUp?.running === true) {
      wait();
      return;
    }
    const settled = untold;
    untold = new Map();
    if (alerts.on)
      for (const message of settled.values()) if (isToBeTold(message.conversation)) tell(message);
    void notifications.closeRead((conversation) => !isToBeTold(conversation));
  };
  const wait = (): void => {
    timer ??= setTimeout(settle, SETTLE_MS);
  };

  feed.subscribe((events) => {
    for (const { type, detail } of events) {
      if (type === 'conversation-removed') wait();
      if (type === 'conversation' && (detail.unread === 0 || !isToBeTold(detail.id))) wait();
      if (type !== 'message') continue;
      const { conversation, direction, state, kind } = detail;
      if (direction !== 'in' || state !== 'received' || kind !== 'text') continue;
      untold.set(conversation, detail);
      wait();
    }
  });
  // What was read elsewhere while no tab was open.
  wait();
  notifications.onOpen((conversation) => router.go({ name: 'conversation', conversation }));
};
