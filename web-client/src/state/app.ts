import { createContext } from 'svelte';
import type { Engine } from '../engine/engine.ts';
import { startAppUpdates } from '../services/app-updates.ts';
import { EventFeed } from '../services/event-feed.ts';
import { createMediaUrls, type MediaUrls } from '../services/media-urls.ts';
import { alertOfMessages } from '../services/message-alerts.ts';
import { createNotifications } from '../services/notifications.ts';
import { forgetEmojis } from '../services/recent-emojis.ts';
import { createUnsavedDrafts, type UnsavedDrafts } from '../services/unsaved-drafts.ts';
import { Alerts } from './alerts.svelte.ts';
import { Connection } from './connection.svelte.ts';
import { Conversations } from './conversations.svelte.ts';
import { EngineStatus } from './engine-status.svelte.ts';
import { FetchedUnasked } from './fetched-unasked.svelte.ts';
import { History } from './history.svelte.ts';
import { Installation } from './installation.svelte.ts';
import { Locale } from './locale.svelte.ts';
import { lockAfterChoice, type LockAfter } from './lock-after.svelte.ts';
import { createMessageFiles, type MessageFiles } from './message-files.ts';
import { OwnDevices } from './own-devices.svelte.ts';
import { Profiles } from './profiles.svelte.ts';
import { PendingJump } from './pending-jump.ts';
import { Router } from './router.svelte.ts';
import type { StoredChoice } from './stored.svelte.ts';
import { themeChoice, type Theme } from './theme.svelte.ts';
import { Transfers } from './transfers.svelte.ts';
import { Update } from './update.svelte.ts';

/** What every screen builds on. */
export type App = {
  readonly engine: Engine;
  readonly feed: EventFeed;
  readonly status: EngineStatus;
  readonly connection: Connection;
  readonly conversations: Conversations;
  readonly profiles: Profiles;
  readonly locale: Locale;
  readonly lockAfter: StoredChoice<LockAfter>;
  readonly router: Router;
  readonly theme: StoredChoice<Theme>;
  readonly alerts: Alerts;
  readonly ownDevices: OwnDevices;
  readonly history: History;
  readonly installation: Installation;
  readonly update: Update;
  readonly pendingJump: PendingJump;
  readonly unsavedDrafts: UnsavedDrafts;
  readonly transfers: Transfers;
  readonly files: MessageFiles;
  readonly media: MediaUrls;
  readonly fetchedUnasked: FetchedUnasked;
};

export const createApp = (engine: Engine): App => {
  const feed = new EventFeed(engine);
  const notifications = createNotifications();
  const app: App = {
    engine,
    feed,
    status: new EngineStatus(engine),
    connection: new Connection(engine, location.origin),
    conversations: new Conversations(engine, feed),
    profiles: new Profiles(engine, feed),
    locale: new Locale(),
    lockAfter: lockAfterChoice(engine),
    router: new Router(),
    theme: themeChoice(),
    alerts: new Alerts(notifications),
    ownDevices: new OwnDevices(engine, feed),
    history: new History(engine, feed),
    installation: new Installation(),
    update: new Update(startAppUpdates(engine.settled)),
    pendingJump: new PendingJump(),
    transfers: new Transfers(feed),
    files: createMessageFiles(engine),
    media: createMediaUrls(),
    fetchedUnasked: new FetchedUnasked(),
    unsavedDrafts: createUnsavedDrafts(localStorage, () => !engine.status().hasPassphrase),
  };
  alertOfMessages({ ...app, notifications });
  let wasOpen = false;
  let hadPassphrase = false;
  engine.onStatus(({ phase, hasPassphrase }) => {
    if (phase === 'signed-out') forgetEmojis();
    if (phase === 'signed-out' || (hasPassphrase && !hadPassphrase)) app.unsavedDrafts.forgetAll();
    hadPassphrase = hasPassphrase;
    // What has been shown is in the page's memory, and goes with the page.
    if (phase === 'locked' && wasOpen) location.reload();
    wasOpen ||= phase === 'signed-in';
  });
  return app;
};

export const [getApp, provideApp] = createContext<App>();
