import type { AccountId, DeviceAddress, MessageId } from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import { encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import { chosenProfile, readProfile, type ChosenProfile } from '../content/chosen-profile.ts';
import { profileName, type Profile } from '../content/profile.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { shownProfile } from '../conversations/shown-profile.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { MessengerError } from '../messenger-error.ts';
import type { Composer } from '../sending/compose.ts';
import { isIntroduced } from '../sending/introduction.ts';
import { tellOwnDevices, type OwnSyncDeps } from '../sending/own-sync.ts';
import type { Device } from '../account/device.ts';
import type { ServerClock } from '../server/clock.ts';
import { conversationWith, named } from '../vault/conversation-id.ts';
import { rowsOf } from '../vault/pages.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';
import { standingOf } from './standings.ts';

export type Profiles = {
  /** The own one. */
  readonly profile: () => Promise<Profile>;
  /**
   * What is not named stays as it is. Own devices follow, and everybody who has been let in is told; so is who will be.
   *
   * @throws MessengerError `bad-profile` for a name that is blank or longer than 64 UTF-16 units, or a picture of more than 24 KiB;
   *   `clock-skew` when an own device has chosen another one at a time that is yet to come
   */
  readonly setProfile: (changes: Partial<Profile>) => Promise<void>;
  /** What an account has said of itself; nothing as long as it has not. */
  readonly profileOf: (accountId: AccountId) => Promise<Profile>;
};

/** An account asks for a profile, and is answered, this often. */
const ASKING_MS = 60 * 60 * 1000;
const ALL = { limit: 500 };

const isRecent = (atMs: number | undefined, nowMs: number): boolean =>
  atMs !== undefined && Math.abs(nowMs - atMs) < ASKING_MS;

type TakingDeps = { readonly conversations: Pick<Conversations, 'change'> };

/** Keeps what an account says of itself. */
export const keepProfile = async (
  transaction: Transaction,
  { conversations }: TakingDeps,
  accountId: AccountId,
  profile: ChosenProfile,
): Promise<void> => {
  const before = await transaction.get('profiles', accountId);
  if (before !== undefined && before.id >= profile.id) return;
  transaction.put('profiles', accountId, profile);
  await conversations.change(transaction, conversationWith(accountId), { profile: shownProfile(profile) });
};

/** The same of one that it has told itself: nothing is kept of somebody who is not known at all, once this device knows what its account knows. */
export const takeProfile = async (
  transaction: Transaction,
  deps: TakingDeps & { readonly clock: Pick<ServerClock, 'now'> },
  author: AccountId,
  profile: ChosenProfile,
): Promise<void> => {
  const isKnown =
    (await standingOf(transaction, author)) !== undefined ||
    !(await isIntroduced(transaction, deps.clock.now()));
  if (isKnown) await keepProfile(transaction, deps, author, profile);
};

type AskingDeps = { readonly clock: ServerClock; readonly composer: Composer };

/** A device of somebody who is let in says which profile there is: if it is not here, it is asked for. */
export const expectProfile = async (
  transaction: Transaction,
  { clock, composer }: AskingDeps,
  { accountId, deviceId }: DeviceAddress,
  id: MessageId,
): Promise<void> => {
  const known = await transaction.get('profiles', accountId);
  if (known !== undefined && known.id >= id) return;
  if ((await standingOf(transaction, accountId)) !== 'accepted') return;
  const now = clock.now();
  if (isRecent(await transaction.get('profilesAsked', accountId), now)) return;
  transaction.put('profilesAsked', accountId, now);
  const content = { v: CONTENT_VERSION, kind: 'profile-request', deviceId } as const;
  await composer.enqueue(transaction, await clock.mint(transaction), {
    ...{ to: { accountId, plaintext: encodeContent(content) }, ownCopy: null },
    ...{ renew: [], shows: null, isSentOnce: true },
  });
};

type TellingDeps = {
  readonly clock: Pick<ServerClock, 'now'>;
  readonly device: Pick<Device, 'address'>;
  readonly onProfileDue: () => void;
};

/** An account asks a device for the own profile: it is told again, if it may know it. */
export const answerProfileRequest = async (
  transaction: Transaction,
  { clock, device, onProfileDue }: TellingDeps,
  { accountId, deviceId }: DeviceAddress,
): Promise<void> => {
  if (deviceId !== device.address().deviceId) return;
  if ((await standingOf(transaction, accountId)) !== 'accepted') return;
  const now = clock.now();
  if (isRecent(await transaction.get('profilesAnswered', accountId), now)) return;
  transaction.put('profilesAnswered', accountId, now);
  transaction.put('profilesDue', accountId, true);
  transaction.afterCommit(onProfileDue);
};

/** Takes the own profile as it was chosen on another own device. */
export const followProfile = async (
  transaction: Transaction,
  { events }: { readonly events: MessengerEventSource },
  profile: ChosenProfile,
): Promise<void> => {
  const before = await transaction.get('ownProfile', ONLY);
  if (before !== undefined && before.id >= profile.id) return;
  transaction.put('ownProfile', ONLY, profile);
  transaction.afterCommit(() => events.emit('profile', readProfile(profile)));
};

export type ProfilesDeps = OwnSyncDeps & {
  readonly store: Store;
  readonly events: MessengerEventSource;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  readonly onProfileDue: () => void;
  /** Resolves when the vault has been read. */
  readonly registered: () => Promise<void>;
  /** The same, and the time is known. */
  readonly ready: () => Promise<void>;
};

const checked = (profile: ChosenProfile): ChosenProfile => {
  if (!chosenProfile.safeParse(profile).success)
    throw new MessengerError('bad-profile', 'a name is blank or too long, or a picture is too large');
  return profile;
};

export const createProfiles = (deps: ProfilesDeps): Profiles => {
  const { store, clock, events } = deps;

  /** Everybody who has been let in, as far as they are known before a transaction. */
  const accepted = async (): Promise<AccountId[]> => {
    const standings = await rowsOf(store, 'standings', ALL);
    const conversations = await rowsOf(store, 'conversations', ALL);
    return [
      ...standings.filter(({ value }) => value === 'accepted').map(({ key }) => key),
      ...conversations
        .filter(({ value }) => value.standing === 'accepted')
        .map(({ value }) => named(value.id).accountId),
    ];
  };

  return {
    profile: async () => {
      await deps.registered();
      return readProfile(await store.get('ownProfile', ONLY));
    },
    profileOf: async (accountId) => {
      await deps.registered();
      return readProfile(await store.get('profiles', accountId));
    },
    setProfile: async ({ name, picture }) => {
      await deps.ready();
      const people = await accepted();
      await store.transact(async (transaction) => {
        const before = await transaction.get('ownProfile', ONLY);
        const id = await clock.mint(transaction);
        const profile = checked({
          id,
          name: name === undefined ? (before?.name ?? null) : name && (profileName(name) ?? ''),
          picture: picture === undefined ? (before?.picture ?? null) : picture && toBase64(picture),
        });
        if (before !== undefined && before.id > id)
          throw new MessengerError('clock-skew', 'another profile is of a later time than it is now');
        transaction.put('ownProfile', ONLY, profile);
        for (const accountId of people) transaction.put('profilesDue', accountId, true);
        await tellOwnDevices(transaction, deps, { type: 'profile', profile });
        transaction.afterCommit(() => {
          events.emit('profile', readProfile(profile));
          deps.pump();
          deps.onProfileDue();
        });
      });
    },
  };
};
