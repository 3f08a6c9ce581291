import type { Conversation, Message } from '@restante/client';
import type { Alerts } from '../state/alerts.svelte.ts';
import type { Conversations } from '../state/conversations.svelte.ts';
import type { Locale } from '../state/locale.svelte.ts';
import type { Router } from '../state/router.svelte.ts';
import type { EventFeed } from './event-feed.ts';
import type { Notifications } from './notifications.ts';

type Deps = {
  readonly feed: EventFeed;
  readonly notifications: Notifications;
  readonly alerts: Alerts;
  readonly conversations: Conversations;
  readonly locale: Locale;
  readonly router: Router;
};

/** Lets the browser tell of new messages as the person wants it, and leads there on a click. */
export const alertOfMessages = (deps: Deps): void => {
  const { feed, notifications, alerts, conversations, locale, router } = deps;

  const tell = ({ accountId, direction, state, kind, text }: Message): void => {
    if (!alerts.on || direction !== 'in' || state !== 'received' || kind !== 'text') return;
    const { appName, alert } = locale.t;
    const name = conversations.get(accountId)?.username ?? locale.t.writing.unnamed;
    const path = `/${router.href({ name: 'conversation', accountId })}`;
    const words = alerts.withDetails ? { title: name, body: text } : { title: appName, body: alert };
    void notifications.show({ accountId, path, ...words });
  };
  /** Conversations that have been read: there is no notification of them. */
  const read = new Set<string>();
  const follow = ({ accountId, unread }: Conversation): void => {
    if (unread > 0) read.delete(accountId);
    else if (!read.has(accountId)) {
      read.add(accountId);
      void notifications.close(accountId);
    }
  };
  feed.subscribe((events) => {
    for (const { type, detail } of events) {
      if (type === 'message') tell(detail);
      else if (type === 'conversation') follow(detail);
    }
  });
  notifications.onOpen((accountId) => router.go({ name: 'conversation', accountId }));
};
