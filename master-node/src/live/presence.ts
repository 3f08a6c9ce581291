import type { AccountId, DeviceAddress, PresenceDown, PresenceUp } from '@restante/protocol';
import type { Bus } from './bus.ts';
import { createPresenceBoard } from './presence-board.ts';

/** Keeps the board of every master alike, and tells this master's connections what changed for them. */
export type Presence = {
  /** A device has said to whom it shows itself, and from whom it takes presence: it is told what those show whom it did not take it from before. */
  readonly show: (device: DeviceAddress, said: PresenceUp) => void;
  /** The connection of a device has ended. */
  readonly leave: (device: DeviceAddress) => void;
};

/** This master's connections. */
export type Viewers = {
  /** Pushes to those of an account that take it from whom it is about. */
  readonly tell: (viewer: AccountId, frame: PresenceDown) => void;
  /** What a device takes from now on. Gives its connection, with what it took before; null when it has gone. */
  readonly take: (
    device: DeviceAddress,
    from: ReadonlySet<AccountId>,
  ) => { readonly before: ReadonlySet<AccountId>; readonly push: (frame: PresenceDown) => void } | null;
};

export const createPresence = (bus: Bus, viewers: Viewers): Presence => {
  const board = createPresenceBoard();
  bus.subscribe((event) => {
    if (event.kind !== 'presence') return;
    for (const { viewer, frame } of board.set(event.device, event.state, event.to))
      viewers.tell(viewer, frame);
  });
  return {
    show: (device, { state, to, from = to }) => {
      const taken = new Set(from);
      const viewer = viewers.take(device, taken);
      if (viewer !== null)
        for (const frame of board.snapshot(device.accountId))
          if (taken.has(frame.accountId) && !viewer.before.has(frame.accountId)) viewer.push(frame);
      bus.publish({ kind: 'presence', device, state, to });
    },
    leave: (device) => {
      bus.publish({ kind: 'presence', device, state: 'offline', to: [] });
    },
  };
};
