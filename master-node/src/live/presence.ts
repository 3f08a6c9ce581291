import type { AccountId, DeviceAddress, PresenceDown } from '@restante/protocol';
import type { Bus } from './bus.ts';
import { createPresenceBoard } from './presence-board.ts';

/** Keeps the board of every master alike, and tells this master's connections what changed for them. */
export type Presence = {
  /** The connection of a device has ended. */
  readonly leave: (device: DeviceAddress) => void;
  /** What a device of `viewer` that connects is told. */
  readonly snapshot: (viewer: AccountId) => PresenceDown[];
};

/** `tell`: pushes to this master's connections of an account. */
export const createPresence = (
  bus: Bus,
  tell: (viewer: AccountId, frame: PresenceDown) => void,
): Presence => {
  const board = createPresenceBoard();
  bus.subscribe((event) => {
    if (event.kind !== 'presence') return;
    for (const { viewer, frame } of board.set(event.device, event.state, event.to)) tell(viewer, frame);
  });
  return {
    leave: (device) => {
      bus.publish({ kind: 'presence', device, state: 'offline', to: [] });
    },
    snapshot: board.snapshot,
  };
};
