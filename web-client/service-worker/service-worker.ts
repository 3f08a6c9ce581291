import {
  ACTIVATE,
  type FromServiceWorker,
  type NotificationData,
} from '../src/services/service-worker-messages.ts';
import { answerMedium, isMedium } from './media.ts';
import { createPrecache, type BuiltFile } from './precache.ts';

declare const self: ServiceWorkerGlobalScope & {
  /** The build puts the list of its files here. */
  readonly __WB_MANIFEST: readonly BuiltFile[];
};

const precache = createPrecache(self.__WB_MANIFEST);

self.addEventListener('install', (event) => event.waitUntil(precache.fill()));

self.addEventListener('activate', (event) =>
  event.waitUntil(precache.removeOthers().then(() => self.clients.claim())),
);

self.addEventListener('message', (event) => {
  // A new version takes over when the person says so: until then tabs get the files that fit their own.
  if (event.data === ACTIVATE) event.waitUntil(self.skipWaiting());
});

self.addEventListener('fetch', (event) => {
  if (isMedium(event.request)) {
    event.respondWith(answerMedium(event));
    return;
  }
  const path = precache.pathOf(event.request);
  if (path === null) return;
  event.respondWith(precache.answer(path));
  if (event.request.mode === 'navigate') event.waitUntil(precache.renewPolicy().catch(() => undefined));
});

const openConversation = async ({ conversation, path }: NotificationData): Promise<void> => {
  const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const tab = tabs.find(({ visibilityState }) => visibilityState === 'visible') ?? tabs[0];
  if (tab === undefined) {
    await self.clients.openWindow(path);
    return;
  }
  tab.postMessage({ kind: 'open-conversation', conversation } satisfies FromServiceWorker);
  await tab.focus();
};

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(openConversation(event.notification.data as NotificationData));
});
