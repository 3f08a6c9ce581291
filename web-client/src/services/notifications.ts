import type { ConversationId } from '@restante/client';
import { holdLock } from '../engine/lifetime-lock.ts';
import type { FromServiceWorker, NotificationData } from './service-worker-messages.ts';

/** What is shown of a message. Its text is in `body` only if the person wants that. */
export type NotificationContent = {
  readonly conversation: ConversationId;
  readonly title: string;
  readonly body: string;
  /** Where a tab opens that shows the conversation. */
  readonly path: string;
};

export type Notifications = {
  readonly permission: () => NotificationPermission | 'unsupported';
  /** Asks the person; only in answer to a click. */
  readonly ask: () => Promise<NotificationPermission | 'unsupported'>;
  /** Shows it unless a tab is visible or it is not `wanted` any more. One for each conversation: it replaces the one before. */
  readonly show: (content: NotificationContent, wanted: () => boolean) => Promise<void>;
  /** Closes those of conversations that have been read. */
  readonly closeRead: (isRead: (conversation: ConversationId) => boolean) => Promise<void>;
  /** The person has clicked the notification of a conversation; this tab has the focus. */
  readonly onOpen: (listener: (conversation: ConversationId) => void) => void;
};

/** Held, shared, by visible tabs. */
const VISIBLE_LOCK = 'restante-visible';
/** Held by the tab that shows notifications: of several hidden ones, one. */
const NOTIFIER_LOCK = 'restante-notifier';

const isAnyTabVisible = async (): Promise<boolean> =>
  ((await navigator.locks.query()).held ?? []).some(({ name }) => name === VISIBLE_LOCK);

/** Holds the lock as long as the tab is visible. */
const holdWhileVisible = (): void => {
  let held: Promise<() => void> | null = null;
  const follow = (): void => {
    if (document.visibilityState === 'visible') held ??= holdLock(VISIBLE_LOCK, 'shared');
    else {
      void held?.then((release) => release());
      held = null;
    }
  };
  document.addEventListener('visibilitychange', follow);
  follow();
};

const isSupported = 'Notification' in window && 'serviceWorker' in navigator && 'locks' in navigator;
const permission = (): NotificationPermission | 'unsupported' =>
  isSupported ? Notification.permission : 'unsupported';

export const createNotifications = (): Notifications => {
  const listeners = new Set<(conversation: ConversationId) => void>();
  let isNotifier = false;
  /** One after the other: what is closed has been shown. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };

  if (isSupported) {
    holdWhileVisible();
    void holdLock(NOTIFIER_LOCK).then(() => (isNotifier = true));
    navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<FromServiceWorker>) => {
      if (data.kind !== 'open-conversation') return;
      for (const listener of listeners) listener(data.conversation);
    });
    navigator.serviceWorker.startMessages();
  }

  return {
    permission,
    ask: () => (isSupported ? Notification.requestPermission() : Promise.resolve('unsupported')),
    show: ({ conversation, title, body, path }, wanted) =>
      inTurn(async () => {
        if (permission() !== 'granted' || !isNotifier || (await isAnyTabVisible())) return;
        const registration = await navigator.serviceWorker.ready;
        const data: NotificationData = { conversation, path };
        if (wanted())
          await registration.showNotification(title, {
            body,
            tag: conversation,
            data,
            icon: '/icon-192.png',
          });
      }),
    closeRead: (isRead) =>
      inTurn(async () => {
        if (permission() !== 'granted') return;
        const registration = await navigator.serviceWorker.getRegistration();
        for (const notification of (await registration?.getNotifications()) ?? [])
          if (isRead(notification.tag as ConversationId)) notification.close();
      }),
    onOpen: (listener) => void listeners.add(listener),
  };
};
