import type { EngineEvent } from '../src/engine/channel.ts';
import { startEngine } from '../src/engine/engine.ts';
import { startAppUpdates } from '../src/services/app-updates.ts';
import { createNotifications } from '../src/services/notifications.ts';
import { showTitle } from '../src/services/title-badge.ts';

/** The messenger without a screen: what its tests in Chromium talk to, as `restante`. */

const engine = startEngine();
const updates = startAppUpdates(engine.settled);
const notifications = createNotifications();
const events: EngineEvent[] = [];
const opened: string[] = [];
const page = {
  ...engine,
  updates,
  notifications,
  badge: { show: (unread: number) => showTitle('Restante', unread) },
  events,
  opened,
  updatesReady: 0,
};

engine.onEvent((event) => events.push(event));
notifications.onOpen((conversation) => opened.push(conversation));
updates.onUpdate(() => (page.updatesReady += 1));
Object.assign(globalThis, { restante: page });
