import type { AccountId, DeviceAddress, PresenceDown, PresenceUp } from '@restante/protocol';
import type { Bus } from './bus.ts';
import { createPresenceBoard, type PresenceChange } from './presence-board.ts';
import { createPresenceShown } from './presence-shown.ts';

/** Tells this master's connections what others show them, wherever those are connected, and others what these show. */
export type Presence = Disposable & {
  /** A device has said to whom it shows itself, and from whom it takes presence: it is told what those show whom it did not take it from before. */
  readonly show: (device: DeviceAddress, said: PresenceUp) => void;
  /** The connection of a device has ended. */
  readonly leave: (device: DeviceAddress) => void;
  /** The last connection of an account has ended here. */
  readonly forget: (viewer: AccountId) => void;
};

/** This master's connections. */
export type Viewers = {
  readonly isHere: (viewer: AccountId) => boolean;
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
  const shown = createPresenceShown(bus.publish);
  const tell = (changes: readonly PresenceChange[]): void => {
    for (const { viewer, frame } of changes) viewers.tell(viewer, frame);
  };
  bus.subscribe((event, from) => {
    switch (event.kind) {
      case 'presence':
        if (viewers.isHere(event.to)) tell(board.set(from, event));
        return;
      case 'presence-wanted':
        shown.tell(event.by, event.of);
        return;
      case 'presence-lost':
        if (event.of === bus.self) shown.tellAgain();
        return;
      case 'presence-told':
        tell(board.endRound(from, event.round));
        return;
      default:
    }
  });
  bus.onMissed(({ kind, master }) => {
    if (kind === 'gone') {
      tell(board.drop(master));
      return;
    }
    bus.publish({ kind: 'presence-lost', of: master });
    // What it has asked may be lost, too.
    shown.tellAgain();
  });
  return {
    show: (device, { state, to, from = to }) => {
      const taken = new Set(from);
      const viewer = viewers.take(device, taken);
      if (viewer === null) return;
      const isNew = (account: AccountId): boolean => taken.has(account) && !viewer.before.has(account);
      for (const frame of board.snapshot(device.accountId)) if (isNew(frame.accountId)) viewer.push(frame);
      for (const account of taken)
        if (isNew(account)) bus.publish({ kind: 'presence-wanted', of: account, by: device.accountId });
      shown.set(device, state, to);
    },
    leave: shown.leave,
    forget: board.forget,
    [Symbol.dispose]: () => shown[Symbol.dispose](),
  };
};
