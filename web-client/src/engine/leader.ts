import type { DataKey } from '@restante/client';
import { callError } from './call-error.ts';
import { INITIAL_LEADER_STATUS, type LeaderStatus } from './calls.ts';
import { CHANNEL, tabLock, type Call, type FromLeader, type ToLeader } from './channel.ts';
import { createIdleLock } from './idle-lock.ts';
import { lockReleased } from './lifetime-lock.ts';
import { createMessengerHost } from './messenger-host.ts';
import { createPresenceOfTabs } from './presence-of-tabs.ts';

const CHECK_EVERY_MS = 2_000;

/**
 * Opens the vault, connects, and serves all tabs as long as this worker lives. `known`: what opened the vault for the leader
 * before.
 */
export const lead = async (known: DataKey | null): Promise<never> => {
  const channel = new BroadcastChannel(CHANNEL);
  const post = (message: FromLeader): void => channel.postMessage(message);
  let status: LeaderStatus = INITIAL_LEADER_STATUS;
  const tell = (change: Partial<LeaderStatus>): void => {
    status = { ...status, ...change };
    post({ kind: 'status', status });
  };
  const onFault = (error: unknown): void => {
    const { code, message } = callError(error);
    const last = code === 'unexpected' ? message : code;
    tell({ faults: { count: status.faults.count + 1, last } });
  };

  let dataKey = known;
  const tellKey = (): void => post({ kind: 'key', dataKey });

  const host = createMessengerHost(known, {
    onFault,
    onKey: (key) => {
      dataKey = key;
      tellKey();
    },
    onStatus: (change) => {
      tell(change);
      if (change.phase === 'signed-in') presence.begin();
    },
    onEvent: (event) => {
      post({ kind: 'event', event });
      if (event.type === 'conversation') presence.noteConversation(event.detail);
      else if (event.type === 'conversation-removed') presence.forgetConversation(event.detail.conversation);
    },
    onLeavingAccount: () => post({ kind: 'leaving-account' }),
  });
  const presence = createPresenceOfTabs(host.running, onFault);
  const clocks = { monotonic: () => performance.now(), wall: () => Date.now() };
  const idle = createIdleLock(clocks, () => void host.calls.lock().catch(onFault));
  setInterval(idle.check, CHECK_EVERY_MS);

  /** By tab: its newest call that was taken. A tab sends calls again when a leader begins, some of them twice then. */
  const taken = new Map<string, number>();
  const carryOut = async ({ method, args }: Call): Promise<unknown> => {
    const calls: object = method in host.calls ? host.calls : await host.messenger();
    const call = (calls as Partial<Record<string, (...args: readonly unknown[]) => unknown>>)[method];
    if (call === undefined) throw new TypeError('no such call');
    return call(...args);
  };
  const serve = async (call: Call): Promise<void> => {
    if (call.call <= (taken.get(call.tab) ?? 0)) return;
    taken.set(call.tab, call.call);
    const address = { tab: call.tab, call: call.call };
    try {
      post({ kind: 'value', ...address, value: await carryOut(call) });
    } catch (error) {
      post({ kind: 'error', ...address, error: callError(error) });
    }
  };

  const tabs = new Set<string>();
  const watch = async (tab: string): Promise<void> => {
    if (tabs.has(tab)) return;
    tabs.add(tab);
    await lockReleased(tabLock(tab));
    tabs.delete(tab);
    taken.delete(tab);
    presence.forget(tab);
  };

  channel.addEventListener('message', ({ data }: MessageEvent<ToLeader | FromLeader>) => {
    if (data.kind === 'call') void serve(data);
    else if (data.kind === 'active') idle.note();
    else if (data.kind === 'successor') tellKey();
    else if (data.kind === 'tab') {
      post({ kind: 'status', status });
      idle.after(data.lockAfterMs);
      presence.note(data.tab, data.visible);
      watch(data.tab).catch(onFault);
    }
  });
  post({ kind: 'leading' });
  await host.open();
  return new Promise<never>(() => undefined);
};
