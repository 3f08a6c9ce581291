import { deviceKey, type AccountId, type DeviceAddress, type PresenceDown } from '@restante/protocol';

/**
 * Who shows themselves to whom. A publisher is on the board from its first presence frame to the end of its
 * connection; its audience is bounded by the protocol, so the board is by the number of connections.
 */
export type PresenceState = PresenceDown['state'];

/** What one account is to be told. */
export type PresenceChange = { readonly viewer: AccountId; readonly frame: PresenceDown };

type Shown = {
  readonly publisher: AccountId;
  readonly state: PresenceState;
  readonly audience: ReadonlySet<AccountId>;
};

const RANK: Readonly<Record<PresenceState, number>> = { offline: 0, away: 1, online: 2 };

export const createPresenceBoard = () => {
  const shown = new Map<string, Shown>();
  const byViewer = new Map<AccountId, Set<string>>();

  const link = (viewer: AccountId, key: string): void => {
    const keys = byViewer.get(viewer);
    if (keys) keys.add(key);
    else byViewer.set(viewer, new Set([key]));
  };
  const unlink = (viewer: AccountId, key: string): void => {
    const keys = byViewer.get(viewer);
    keys?.delete(key);
    if (keys?.size === 0) byViewer.delete(viewer);
  };

  /** Accounts that show themselves to a viewer, each by its most present device. */
  const visibleTo = (viewer: AccountId): Map<AccountId, PresenceState> => {
    const states = new Map<AccountId, PresenceState>();
    for (const key of byViewer.get(viewer) ?? []) {
      const one = shown.get(key);
      if (!one) continue;
      const best = states.get(one.publisher) ?? 'offline';
      states.set(one.publisher, RANK[one.state] > RANK[best] ? one.state : best);
    }
    return states;
  };

  const frame = (accountId: AccountId, state: PresenceState): PresenceDown => ({
    type: 'presence',
    accountId,
    state,
  });

  return {
    /** Replaces what a device shows; gives what changed, and for whom. */
    set: (device: DeviceAddress, state: PresenceState, to: readonly AccountId[]): PresenceChange[] => {
      const key = deviceKey(device);
      const publisher = device.accountId;
      const audience = new Set(state === 'offline' ? [] : to);
      const former = shown.get(key)?.audience ?? new Set();
      const affected = [...new Set([...former, ...audience])];
      const before = affected.map((viewer) => visibleTo(viewer).get(publisher) ?? 'offline');
      for (const viewer of former) unlink(viewer, key);
      if (audience.size === 0) shown.delete(key);
      else shown.set(key, { publisher, state, audience });
      for (const viewer of audience) link(viewer, key);
      return affected.flatMap((viewer, index) => {
        const after = visibleTo(viewer).get(publisher) ?? 'offline';
        return after === before[index] ? [] : [{ viewer, frame: frame(publisher, after) }];
      });
    },
    /** What is shown to `viewer`. */
    snapshot: (viewer: AccountId): PresenceDown[] =>
      [...visibleTo(viewer)].map(([publisher, state]) => frame(publisher, state)),
    size: (): number => shown.size,
  };
};
