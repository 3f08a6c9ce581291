import { callError } from './call-error.ts';
import { INITIAL_LEADER_STATUS, type LeaderStatus } from './calls.ts';
import { CHANNEL, tabLock, type Call, type FromLeader, type ToLeader } from './channel.ts';
import { lockReleased } from './lifetime-lock.ts';
import { createMessengerHost } from './messenger-host.ts';
import { createPresenceOfTabs } from './presence-of-tabs.ts';

/** Opens the vault, connects, and serves all tabs as long as this worker lives. */
export const lead = async (): Promise<never> => {
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

  const host = createMessengerHost({
    onFault,
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
    else if (data.kind === 'tab') {
      post({ kind: 'status', status });
      presence.note(data.tab, data.visible);
      watch(data.tab).catch(onFault);
    }
  });
  post({ kind: 'leading' });
  await host.open();
  return new Promise<never>(() => undefined);
};
