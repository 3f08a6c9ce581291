import { deviceKey, type DeviceAddress } from '@restante/protocol';
import type { Bus } from './bus.ts';

/**
 * Between the push of a message and the end of its store a device may connect, miss the push, and read its mailbox
 * before the message is there. So a send watches who connects meanwhile, and pushes to them once more: whoever
 * connects later finds the message in the mailbox.
 */
export type PushWindows = {
  /** Watches these devices. The function that it gives ends the watch and tells which of them connected. */
  readonly open: (devices: readonly DeviceAddress[]) => () => ReadonlySet<string>;
};

export const createPushWindows = (bus: Bus): PushWindows => {
  const watchers = new Map<string, Set<Set<string>>>();
  bus.subscribe((event) => {
    if (event.kind !== 'connected') return;
    const key = deviceKey(event.device);
    for (const connected of watchers.get(key) ?? []) connected.add(key);
  });
  return {
    open: (devices) => {
      const connected = new Set<string>();
      const keys = devices.map(deviceKey);
      for (const key of keys) {
        const watching = watchers.get(key);
        if (watching) watching.add(connected);
        else watchers.set(key, new Set([connected]));
      }
      return () => {
        for (const key of keys) {
          const watching = watchers.get(key);
          watching?.delete(connected);
          if (watching?.size === 0) watchers.delete(key);
        }
        return connected;
      };
    },
  };
};
