import { deviceKey, type DeviceAddress } from '@restante/protocol';
import type { Bus } from './bus.ts';

/**
 * Between the push of a message and the end of its store a device may connect, miss the push, and read its mailbox
 * before the message is there. So a send watches who connects meanwhile, and pushes to them once more: whoever
 * connects later finds the message in the mailbox. Of who connects at another master one hears later: the watch goes on as long as
 * that may take.
 */
export type PushWindows = Disposable & {
  /** Watches these devices. */
  readonly open: (devices: readonly DeviceAddress[]) => PushWindow;
};

export type PushWindow = {
  /** It is stored: tells at once who has connected, and who is heard of later. `bytes`: of what is kept for that. */
  readonly close: (bytes: number, onConnected: (device: string) => void) => void;
};

/** What is kept for devices of which one hears later; what is beyond it ends its watch with its store. */
const LINGERING_BYTES = 16 * 1024 * 1024;

export const createPushWindows = (bus: Bus): PushWindows => {
  type Watch = (device: string) => void;
  const watches = new Map<string, Set<Watch>>();
  const timers = new Set<NodeJS.Timeout>();
  let lingeringBytes = 0;
  bus.subscribe((event) => {
    if (event.kind !== 'connected') return;
    const key = deviceKey(event.device);
    for (const watch of watches.get(key) ?? []) watch(key);
  });
  return {
    open: (devices) => {
      const keys = devices.map(deviceKey);
      const connected = new Set<string>();
      let tell: Watch = (key) => void connected.add(key);
      const watch: Watch = (key) => tell(key);
      for (const key of keys) {
        const watching = watches.get(key);
        if (watching) watching.add(watch);
        else watches.set(key, new Set([watch]));
      }
      const end = (): void => {
        for (const key of keys) {
          const watching = watches.get(key);
          watching?.delete(watch);
          if (watching?.size === 0) watches.delete(key);
        }
      };
      return {
        close: (bytes, onConnected) => {
          tell = onConnected;
          for (const key of connected) onConnected(key);
          if (bus.latenessMs === 0 || lingeringBytes + bytes > LINGERING_BYTES) {
            end();
            return;
          }
          lingeringBytes += bytes;
          const timer = setTimeout(() => {
            timers.delete(timer);
            lingeringBytes -= bytes;
            end();
          }, bus.latenessMs);
          timers.add(timer);
        },
      };
    },
    [Symbol.dispose]: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
};
