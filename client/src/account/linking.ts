import type { RendezvousId, RendezvousSlot } from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store } from '../vault/store.ts';
import type { Device } from './device.ts';
import type { ShownLink } from './joining.ts';
import { linkCodeText, readLinkCode, type Applicant } from './link-code.ts';
import { readApplicant, type Invitation } from './link-messages.ts';
import * as seals from './link-seal.ts';
import { createOpenLink } from './open-link.ts';
import type { OwnList } from './own-list.ts';
import { awaitSealed, leaveSealed } from './sealed-messages.ts';

/**
 * How a device on the list has a new one added to its account (ADR 46). Its person is asked in between: whoever has the new device reads
 * everything. Each code ends the one before.
 */
export type Linking = {
  /** Makes a code for a new device to take. */
  readonly showLinkCode: () => Promise<ShownLink>;
  /** Waits until a new device has taken it: what it calls itself, and digits that it shows, too. Throws `link-ended`, `link-altered`. */
  readonly applicant: (link: RendezvousId) => Promise<{ readonly name: string; readonly digits: string }>;
  /**
   * Reads the code that a new device shows; nothing is said to it yet. Throws `bad-link-code`, `link-code-own-side`: it is that of a device of an account,
   * too.
   */
  readonly takeJoinCode: (code: string) => Promise<{ readonly link: RendezvousId; readonly name: string }>;
  /**
   * The person says yes: the new device gets the account key, and may add itself. Throws `no-account-key`, `device-waiting`, `link-ended`;
   * `slot-taken`: somebody else has answered the code.
   */
  readonly linkDevice: (link: RendezvousId) => Promise<void>;
  /** Whether it has come onto the list within half a minute; it may later. Throws `link-ended`. */
  readonly isLinked: (link: RendezvousId) => Promise<boolean>;
};

export type LinkingDeps = {
  readonly store: Store;
  readonly device: Pick<Device, 'self' | 'accountId'>;
  readonly ownList: Pick<OwnList, 'keyToTell'>;
  readonly api: Pick<MasterApi, 'openRendezvous' | 'sealedMessage' | 'leaveSealedMessage' | 'grantDevice'>;
  readonly events: MessengerEventSource;
  readonly monotonic: () => number;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly loaded: Promise<unknown>;
};

/** What is known of who is to be let in. */
type Asked = {
  readonly applicant: Applicant;
  readonly channel: seals.Channel;
  readonly slot: RendezvousSlot;
};

type About = {
  /** Once: that of a code which is shown comes from whoever takes it. */
  asked: Promise<Asked> | null;
  /** The same bytes are left again when an answer is lost. */
  sealed: Promise<string> | null;
};

const PATIENCE_MS = 30_000;

export const createLinking = (deps: LinkingDeps): Linking & { readonly end: () => void } => {
  const { store, device, ownList, api, events, monotonic, random, loaded } = deps;
  const links = createOpenLink<About & { readonly keys: seals.LinkKeys }>(monotonic);

  const registered = async (): Promise<void> => {
    await loaded;
    device.self();
  };
  const askedIn = (link: RendezvousId): Promise<Asked> => {
    const { about, hasEnded, signal } = links.get(link);
    about.asked ??= (async () => {
      const sealed = await awaitSealed(api, { rendezvous: link, slot: 'first' }, hasEnded, signal);
      const channel = seals.shownChannel(link, about.keys, sealed);
      const applicant = readApplicant(await seals.openSealed(channel, 'first', sealed));
      return { applicant, channel, slot: 'second' as const };
    })();
    return about.asked;
  };
  const invite = async ({ applicant, channel, slot }: Asked): Promise<string> => {
    const { key, generation } = await ownList.keyToTell();
    const grant = await api.grantDevice(applicant.identityKey);
    const invitation: Invitation = {
      ...{ accountId: device.accountId(), username: device.self().username },
      ...{ privateKey: toBase64(key.privateKey), generation, grant },
    };
    return seals.seal(channel, slot, JSON.stringify(invitation), random);
  };
  const isListed = async ({ identityKey }: Applicant): Promise<boolean> =>
    (await store.get('deviceLists', device.accountId()))?.devices.some(
      (each) => each.identityKey === identityKey,
    ) ?? false;
  const awaitListed = async (applicant: Applicant, signal: AbortSignal): Promise<boolean> => {
    const over = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    let changed = new AbortController();
    const off = events.on('device-list', () => changed.abort());
    try {
      while (!over.aborted) {
        changed = new AbortController();
        if (await isListed(applicant)) return true;
        await pause(PATIENCE_MS, AbortSignal.any([over, changed.signal]));
      }
      return false;
    } finally {
      off();
    }
  };

  return {
    showLinkCode: async () => {
      await registered();
      await ownList.keyToTell();
      const { id: link, endsInMs } = await api.openRendezvous();
      const keys = seals.createLinkKeys(random);
      links.begin(link, { keys, asked: null, sealed: null }, endsInMs);
      const code = linkCodeText({ rendezvous: link, publicKey: keys.publicKey, applicant: null });
      return { link, code, endsInMs };
    },
    applicant: async (link) => {
      const { applicant, channel } = await askedIn(link);
      return { name: applicant.name, digits: await seals.linkDigits(channel) };
    },
    takeJoinCode: async (text) => {
      await registered();
      const { rendezvous: link, publicKey, applicant } = readLinkCode(text);
      if (applicant === null)
        throw new MessengerError('link-code-own-side', 'this code is shown by a device of an account, too');
      const keys = seals.createLinkKeys(random);
      const channel = seals.takerChannel(link, publicKey, keys);
      const asked = Promise.resolve({ applicant, channel, slot: 'first' as const });
      links.begin(link, { keys, asked, sealed: null });
      return { link, name: applicant.name };
    },
    linkDevice: async (link) => {
      const { about, signal } = links.get(link);
      const asked = await askedIn(link);
      about.sealed ??= invite(asked);
      about.sealed.catch(() => (about.sealed = null));
      await leaveSealed(api, { rendezvous: link, slot: asked.slot }, await about.sealed, signal);
    },
    isLinked: async (link) => {
      const { signal } = links.get(link);
      return awaitListed((await askedIn(link)).applicant, signal);
    },
    end: links.end,
  };
};
