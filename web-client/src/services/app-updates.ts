import { trustedScriptUrl } from '../engine/trusted-script-url.ts';
import { ACTIVATE } from './service-worker-messages.ts';

/** New versions of the messenger, and the service worker that makes it open without a network. */
export type AppUpdates = {
  /** Tells that a new version is ready, also when it has been for a while. */
  readonly onUpdate: (listener: () => void) => void;
  /** Lets the new version take over: every tab loads anew as soon as none of its calls waits for an answer. */
  readonly applyUpdate: () => void;
};

const SERVICE_WORKER = '/service-worker.js';
/** A tab that stays open for long asks by itself whether there is a new version. */
const CHECK_EVERY_MS = 60 * 60 * 1000;
/** An answer that does not come holds up the new version no longer than this. */
const PATIENCE_MS = 5_000;

/** `settled`: resolves when the tab's calls have been answered. */
export const startAppUpdates = (settled: () => Promise<void>): AppUpdates => {
  const listeners = new Set<() => void>();
  let waiting: ServiceWorker | null = null;
  let checkedAt = Date.now();

  const noteWaiting = (registration: ServiceWorkerRegistration): void => {
    // The first version that is ever installed waits for nobody.
    if (registration.waiting === null || registration.active === null) return;
    ({ waiting } = registration);
    for (const listener of listeners) listener();
  };
  const reload = async (): Promise<void> => {
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    await Promise.race([settled(), patience]);
    location.reload();
  };

  const start = async (): Promise<void> => {
    const before = await navigator.serviceWorker.getRegistration();
    let isFirst = before?.active == null;
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      // None at all: the browser has wiped this site, which the engine tells.
      if (navigator.serviceWorker.controller === null) return;
      if (!isFirst) void reload();
      isFirst = false;
    });
    const registration = await navigator.serviceWorker.register(trustedScriptUrl(SERVICE_WORKER));
    noteWaiting(registration);
    registration.addEventListener('updatefound', () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => noteWaiting(registration));
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden' || Date.now() - checkedAt < CHECK_EVERY_MS) return;
      checkedAt = Date.now();
      registration.update().catch(() => undefined);
    });
  };
  // Without one (a private window, a front that is away) the messenger works all the same, but not offline.
  if ('serviceWorker' in navigator) start().catch(() => undefined);

  return {
    onUpdate: (listener) => {
      listeners.add(listener);
      if (waiting !== null) listener();
    },
    applyUpdate: () => waiting?.postMessage(ACTIVATE),
  };
};
