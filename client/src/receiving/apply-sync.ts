import type { AccountId, DeviceId, MessageId } from '@restante/protocol';
import type { AccountState, Sync } from '../content/kinds/sync.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { applySettings } from '../conversations/setting-up.ts';
import { applyTimer } from '../conversations/timing.ts';
import type { Device } from '../account/device.ts';
import { accountKeyCode } from '../account/key-code.ts';
import type { OwnList } from '../account/own-list.ts';
import { fromBase64 } from '../base64.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { IdentityGuard } from '../people/identity-guard.ts';
import { noteAnswer } from '../sending/introduction.ts';
import type { Messages } from '../conversations/messages.ts';
import type { PreferenceStore } from '../account/preferences.ts';
import { followProfile, keepProfile } from '../people/profiles.ts';
import { applyStanding, standingOf } from '../people/standings.ts';
import type { ServerClock } from '../server/clock.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY, type Annotation } from '../vault/tables.ts';

export type ApplySyncDeps = {
  readonly messages: Messages;
  readonly conversations: Pick<Conversations, 'change'>;
  readonly device: Pick<Device, 'address'>;
  readonly clock: Pick<ServerClock, 'latest' | 'mint'>;
  readonly preferences: Pick<PreferenceStore, 'learn'>;
  readonly guard: Pick<IdentityGuard, 'learn'>;
  readonly ownList: Pick<OwnList, 'takeKey'>;
  readonly events: MessengerEventSource;
  /** A new own device is to be told what is known here. */
  readonly onNewcomer: () => void;
  /** What another own device knows is known here now. */
  readonly onIntroduced: () => void;
};

const welcome = (
  transaction: Transaction,
  { device, onNewcomer }: ApplySyncDeps,
  { deviceId, since }: Extract<Sync['change'], { type: 'introduction' }>,
): void => {
  if (deviceId === device.address().deviceId) return;
  transaction.put('newcomers', String(deviceId), { since, before: null, after: '' });
  transaction.afterCommit(onNewcomer);
};

/** What has been decided here stays, except that who is blocked elsewhere is not let in before that is known. */
const learn = async (
  transaction: Transaction,
  deps: ApplySyncDeps,
  state: AccountState,
  from: DeviceId,
  blocked: Set<AccountId>,
): Promise<void> => {
  if (state.to !== deps.device.address().deviceId) return;
  const isNew = (await transaction.get('introduction', ONLY)) !== undefined;
  for (const change of state.standings) {
    const known = await standingOf(transaction, change.accountId);
    const isOpen = known === undefined || known === 'request' || (isNew && change.standing === 'blocked');
    const isChosen = change.id !== undefined;
    if (isChosen || (isOpen && known !== change.standing))
      await applyStanding(transaction, deps, change, blocked);
  }
  for (const { accountId, ...verification } of state.verifications)
    await deps.guard.learn(transaction, accountId, verification);
  for (const { accountId, settings } of state.settings ?? [])
    await applySettings(transaction, deps.conversations, accountId, settings);
  for (const { accountId, timer } of state.timers ?? [])
    await applyTimer(transaction, deps, conversationWith(accountId), timer);
  for (const { accountId, profile } of state.profiles ?? [])
    await keepProfile(transaction, deps, accountId, profile);
  if (state.profile) await followProfile(transaction, deps, state.profile);
  if (state.preferences) await deps.preferences.learn(transaction, state.preferences);
  await noteAnswer(transaction, from, state);
  transaction.afterCommit(deps.onIntroduced);
};

/** What was done with messages on another own device. */
const saidOf = (change: Extract<Sync['change'], { messages: unknown }>, sentAt: number): Annotation => {
  switch (change.type) {
    case 'seen':
      // It was seen before that was told, whatever a clock says.
      return { state: 'seen', seenAt: Math.min(change.at ?? sentAt, sentAt) };
    case 'hidden':
      return { hidden: true };
    case 'starred':
      return { starred: { value: change.starred, id: change.id } };
  }
};

/** What has been done on another own device is done here too. `blocked`: for the rest of the batch. */
export const applySync = async (
  transaction: Transaction,
  deps: ApplySyncDeps,
  change: Sync['change'],
  from: { readonly deviceId: DeviceId; readonly id: MessageId; readonly sentAt: number },
  blocked: Set<AccountId>,
): Promise<void> => {
  if (change.type === 'standing') {
    // Of a device of before it is as late as it was told.
    await applyStanding(transaction, deps, { ...change, id: change.id ?? from.id }, blocked);
    return;
  }
  if (change.type === 'settings') {
    await applySettings(transaction, deps.conversations, change.accountId, change.settings);
    return;
  }
  if (change.type === 'profile') {
    await followProfile(transaction, deps, change.profile);
    return;
  }
  if (change.type === 'introduction') {
    welcome(transaction, deps, change);
    return;
  }
  if (change.type === 'account-state') {
    await learn(transaction, deps, change, from.deviceId, blocked);
    return;
  }
  if (change.type === 'account-key') {
    const { accountKeyOf } = await accountKeyCode();
    await deps.ownList.takeKey(transaction, accountKeyOf(fromBase64(change.privateKey)));
    return;
  }
  for (const target of change.messages)
    await deps.messages.annotate(
      transaction,
      conversationWith(target.author),
      target,
      saidOf(change, from.sentAt),
    );
};
