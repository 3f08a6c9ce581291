import type { DeviceKeys, RendezvousId, RendezvousSlot } from '@restante/protocol';
import { fromBase64 } from '../base64.ts';
import { MessengerError } from '../messenger-error.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';
import { accountKeyOf } from './account-key.ts';
import type { Device } from './device.ts';
import type { KeepRegistered, NoteNewDevice } from './enroll.ts';
import type { OwnKeys } from './keys.ts';
import { linkCodeText, readLinkCode } from './link-code.ts';
import { readInvitation, type Invitation } from './link-messages.ts';
import * as seals from './link-seal.ts';
import { createOpenLink } from './open-link.ts';
import type { OwnList } from './own-list.ts';
import { awaitSealed, leaveSealed, linkEnded } from './sealed-messages.ts';

/** A code that is shown, by the id that it is known by here; the person has so long. */
export type ShownLink = { readonly link: RendezvousId; readonly code: string; readonly endsInMs: number };

/**
 * How a vault without an account becomes a device of one, by a device that is on its list and without a password (ADR 46). Each code ends the
 * one before.
 */
export type Joining = {
  /** Makes a code for a device of the account to take. */
  readonly showJoinCode: (deviceName: string) => Promise<ShownLink>;
  /**
   * Takes the code that a device of the account shows, whose person compares the digits. Throws `bad-link-code`, `link-code-own-side`: it is that of a new
   * device, too; `slot-taken`: somebody else has taken it; `link-ended`.
   */
  readonly takeLinkCode: (
    code: string,
    deviceName: string,
  ) => Promise<{ readonly link: RendezvousId; readonly digits: string }>;
  /** Waits until the device of the account has let this one in: whose device it is to be. Throws `link-ended`, `link-altered`. */
  readonly invited: (link: RendezvousId) => Promise<{ readonly username: string }>;
  /**
   * Becomes that device. `history`: takes the messages of before from the other ones, too; left out: not. What fails of putting itself on the list is done when it connects. Throws `grant-used`; `token-expired`, `unauthorized`:
   * the invitation holds no longer; `device-list-refused`: a server gives another list than the other device has told, and nothing is kept.
   */
  readonly join: (link: RendezvousId, options?: { readonly history?: boolean }) => Promise<void>;
};

export type JoiningDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly keys: Pick<OwnKeys, 'create'>;
  readonly ownList: Pick<OwnList, 'join'>;
  readonly noteNewDevice: NoteNewDevice;
  readonly keepRegistered: KeepRegistered;
  readonly api: Pick<
    MasterApi,
    'openRendezvous' | 'sealedMessage' | 'leaveSealedMessage' | 'login' | 'removeDevice'
  >;
  readonly monotonic: () => number;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly loaded: Promise<unknown>;
};

type Application = {
  readonly device: { readonly name: string; readonly keys: DeviceKeys };
  /** Where the invitation will be. */
  readonly slot: RendezvousSlot;
  readonly channelOf: (sealed: string) => seals.Channel;
  invitation: Promise<Invitation> | null;
};

export const createJoining = (deps: JoiningDeps): Joining & { readonly end: () => void } => {
  const { store, device, keys, ownList, api, monotonic, random, loaded } = deps;
  const links = createOpenLink<Application>(monotonic);
  /** Those that no master knows yet. */
  let drawn: DeviceKeys | null = null;
  let last: Promise<unknown> = Promise.resolve();

  /** The vault has the keys of one device: they are not drawn anew while they are told. */
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
  /** Who signs in meanwhile, or tries to, draws others. */
  const areKept = async ({ identityKey }: DeviceKeys): Promise<boolean> =>
    (await store.get('identity', ONLY))?.identityKey === identityKey;
  const begin = async (deviceName: string) => {
    await loaded;
    if (device.isRegistered()) throw new MessengerError('already-registered', 'this vault has an account');
    links.end();
    if (drawn === null || !(await areKept(drawn))) drawn = await keys.create();
    return { name: deviceName, keys: drawn };
  };
  const invitationIn = (link: RendezvousId): Promise<Invitation> => {
    const { about, hasEnded, signal } = links.get(link);
    const { slot, channelOf } = about;
    about.invitation ??= (async () => {
      const sealed = await awaitSealed(api, { rendezvous: link, slot }, hasEnded, signal);
      return readInvitation(await seals.openSealed(channelOf(sealed), slot, sealed));
    })();
    return about.invitation;
  };
  /** A server has lied: this is no device of that account. */
  const giveUp = async (): Promise<void> => {
    await api.removeDevice(device.address().deviceId).catch(() => undefined);
    await store.transact((transaction) => {
      for (const table of ['self', 'tokens', 'accountKey', 'joining', 'introduction', 'history'] as const)
        transaction.delete(table, ONLY);
    });
    await device.load();
  };

  return {
    showJoinCode: (deviceName) =>
      inTurn(async () => {
        const [application, { id: link, endsInMs }] = await Promise.all([
          begin(deviceName),
          api.openRendezvous(),
        ]);
        const linkKeys = seals.createLinkKeys(random);
        const { identityKey } = application.keys;
        links.begin(
          link,
          {
            ...{ device: application, slot: 'first', invitation: null },
            channelOf: (sealed) => seals.shownChannel(link, linkKeys, sealed),
          },
          endsInMs,
        );
        const code = linkCodeText({
          ...{ rendezvous: link, publicKey: linkKeys.publicKey },
          applicant: { identityKey, name: deviceName },
        });
        return { link, code, endsInMs };
      }),
    takeLinkCode: (text, deviceName) =>
      inTurn(async () => {
        const { rendezvous: link, publicKey, applicant } = readLinkCode(text);
        if (applicant !== null)
          throw new MessengerError('link-code-own-side', 'this code is shown by a new device, too');
        const application = await begin(deviceName);
        const linkKeys = seals.createLinkKeys(random);
        const channel = seals.takerChannel(link, publicKey, linkKeys);
        const { signal } = links.begin(link, {
          ...{ device: application, slot: 'second', invitation: null },
          channelOf: () => channel,
        });
        const said = JSON.stringify({ identityKey: application.keys.identityKey, name: deviceName });
        const sealed = await seals.seal(channel, 'first', said, random);
        await leaveSealed(api, { rendezvous: link, slot: 'first' }, sealed, signal);
        return { link, digits: await seals.linkDigits(channel) };
      }),
    invited: async (link) => {
      const { username } = await invitationIn(link);
      return { username };
    },
    join: (link, { history = false } = {}) =>
      inTurn(async () => {
        const { about } = links.get(link);
        const { accountId, username, generation, grant, privateKey } = await invitationIn(link);
        if (device.isRegistered())
          throw new MessengerError('already-registered', 'this vault has an account');
        if (!(await areKept(about.device.keys))) throw linkEnded();
        const key = accountKeyOf(fromBase64(privateKey));
        drawn = null;
        const registered = await api.login({ grant, device: about.device });
        if (registered.accountId !== accountId)
          throw new MessengerError('device-list-refused', 'the server has added it to another account');
        const since = registered.serverTime;
        await deps.keepRegistered({ ...registered, username }, (transaction) => {
          transaction.put('accountKey', ONLY, key);
          transaction.put('joining', ONLY, { accountKey: key.accountKey, generation, since });
          deps.noteNewDevice(transaction, since, history);
        });
        links.end();
        try {
          await ownList.join();
        } catch (error) {
          if (!(error instanceof MessengerError)) throw error;
          if (error.code !== 'device-list-refused') return;
          await giveUp();
          throw error;
        }
      }),
    end: links.end,
  };
};
