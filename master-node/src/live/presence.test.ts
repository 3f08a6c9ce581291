import fc from 'fast-check';
import { deviceKey, type AccountId, type DeviceAddress, type PresenceDown } from '@restante/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addresseeOf, type Addressee, type Bus, type BusEvent, type Missed } from './bus.ts';
import { createPresence } from './presence.ts';

type Said = Pick<PresenceDown, 'state'> & { readonly to: readonly AccountId[] };

const ACCOUNTS = ['a', 'b', 'c'] as const;
const MASTERS = 3;

/** Joins masters, and loses what it is told to lose between two of them until they are joined again. */
const createBrokenBus = () => {
  const cut = new Set<string>();
  const ends = Array.from({ length: MASTERS }, () => ({
    listeners: [] as ((event: BusEvent, from: string) => void)[],
    missed: [] as ((missed: Missed) => void)[],
    followed: (addressee: Addressee): boolean => addressee === '',
  }));
  const name = (index: number): string => `m${index}`;
  const hear = (to: number, event: BusEvent, from: number): void => {
    for (const listener of ends[to]!.listeners) listener(event, name(from));
  };
  const busOf = (self: number): Bus => ({
    self: name(self),
    latenessMs: 0,
    publish: (event) => {
      hear(self, event, self);
      const addressee = addresseeOf(event);
      for (const to of ends.keys()) {
        if (to === self || cut.has(`${self} ${to}`)) continue;
        if (addressee === null || ends[to]!.followed(addressee)) hear(to, event, self);
      }
    },
    subscribe: (listener) => void ends[self]!.listeners.push(listener),
    onMissed: (listener) => void ends[self]!.missed.push(listener),
    follow: () => undefined,
    unfollow: () => undefined,
    state: () => ({ kind: 'nats', up: true, peers: MASTERS - 1 }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  const tellMissed = (at: number, kind: Missed['kind'], of: number): void => {
    for (const listener of ends[at]!.missed) listener({ kind, master: name(of) });
  };
  return {
    busOf,
    follows: (master: number, followed: (addressee: Addressee) => boolean) =>
      (ends[master]!.followed = followed),
    cut: (from: number, to: number) => void cut.add(`${from} ${to}`),
    tellMissed,
    /** All is whole again, and whoever did not hear another one finds a hole. */
    heal: () => {
      const broken = [...cut].map((pair) => pair.split(' ').map(Number));
      cut.clear();
      for (const [from = 0, to = 0] of broken) tellMissed(to, 'gap', from);
    },
  };
};

/** Masters with devices that connect, show themselves and leave. Each takes presence from everybody. */
const createMasters = () => {
  const bus = createBrokenBus();
  type Viewer = {
    readonly device: DeviceAddress;
    takes: ReadonlySet<AccountId>;
    readonly seen: Map<AccountId, string>;
  };
  const masters = Array.from({ length: MASTERS }, (_, index) => {
    const here = new Map<string, Viewer>();
    const see = (viewer: Viewer, frame: PresenceDown): void =>
      void viewer.seen.set(frame.accountId, frame.state);
    const ofAccount = (account: Addressee): Viewer[] =>
      [...here.values()].filter(({ device }) => device.accountId === account);
    bus.follows(index, (account) => ofAccount(account).length > 0);
    const presence = createPresence(bus.busOf(index), {
      isHere: (account) => ofAccount(account).length > 0,
      tell: (account, frame) => {
        for (const viewer of ofAccount(account)) if (viewer.takes.has(frame.accountId)) see(viewer, frame);
      },
      take: (device, from) => {
        const viewer = here.get(deviceKey(device));
        if (viewer === undefined) return null;
        const before = viewer.takes;
        viewer.takes = from;
        return { before, push: (frame) => see(viewer, frame) };
      },
    });
    const leave = (device: DeviceAddress): void => {
      if (!here.delete(deviceKey(device))) return;
      if (ofAccount(device.accountId).length === 0) presence.forget(device.accountId);
      presence.leave(device);
    };
    return { here, presence, leave };
  });
  return { bus, masters };
};

const device = fc.record({
  accountId: fc.constantFrom<string>(...ACCOUNTS),
  deviceId: fc.constantFrom(1, 2),
});
const master = fc.nat({ max: MASTERS - 1 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('show' as const),
      device,
      master,
      state: fc.constantFrom('online' as const, 'away' as const),
      to: fc.uniqueArray(fc.constantFrom<string>(...ACCOUNTS)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), device }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), from: master, to: master }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('silent' as const), from: master, to: master }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heal' as const) }) },
);

describe('presence over three masters', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is what each device shows, for every viewer, once what was lost is known to be lost', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { bus, masters } = createMasters();
        const shown = new Map<string, Said & { readonly device: DeviceAddress; readonly at: number }>();
        const leave = (one: DeviceAddress): void => {
          const at = shown.get(deviceKey(one))?.at;
          if (at !== undefined) masters[at]!.leave(one);
          shown.delete(deviceKey(one));
        };
        for (const one of steps) {
          switch (one.kind) {
            case 'show': {
              if (shown.get(deviceKey(one.device))?.at !== one.master) leave(one.device);
              const { here, presence } = masters[one.master]!;
              const key = deviceKey(one.device);
              if (!here.has(key)) here.set(key, { device: one.device, takes: new Set(), seen: new Map() });
              shown.set(key, { device: one.device, state: one.state, to: one.to, at: one.master });
              presence.show(one.device, {
                type: 'presence',
                state: one.state,
                to: one.to,
                from: [...ACCOUNTS],
              });
              break;
            }
            case 'leave':
              leave(one.device);
              break;
            case 'cut':
              if (one.from !== one.to) bus.cut(one.from, one.to);
              break;
            case 'silent':
              if (one.from === one.to) break;
              bus.cut(one.from, one.to);
              bus.tellMissed(one.to, 'gone', one.from);
              break;
            case 'heal':
              bus.heal();
          }
        }
        bus.heal();
        vi.runAllTimers();
        for (const { here } of masters) {
          for (const viewer of here.values()) {
            for (const account of ACCOUNTS) {
              const states = [...shown.values()]
                .filter(
                  (said) => said.device.accountId === account && said.to.includes(viewer.device.accountId),
                )
                .map(({ state }) => state);
              const best = states.includes('online')
                ? 'online'
                : states.includes('away')
                  ? 'away'
                  : 'offline';
              expect(viewer.seen.get(account) ?? 'offline').toBe(best);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of a master that is gone ends', () => {
    const { bus, masters } = createMasters();
    const [a, b] = ['a', 'b'].map((accountId) => ({ accountId, deviceId: 1 }));
    const seen = new Map<AccountId, string>();
    masters[0]!.here.set(deviceKey(a!), { device: a!, takes: new Set(), seen: new Map() });
    masters[1]!.here.set(deviceKey(b!), { device: b!, takes: new Set(), seen });
    masters[0]!.presence.show(a!, { type: 'presence', state: 'online', to: ['b'] });
    masters[1]!.presence.show(b!, { type: 'presence', state: 'online', to: [], from: ['a'] });
    expect(seen.get('a')).toBe('online');
    bus.tellMissed(1, 'gone', 2);
    expect(seen.get('a')).toBe('online');
    bus.tellMissed(1, 'gone', 0);
    expect(seen.get('a')).toBe('offline');
  });
});
