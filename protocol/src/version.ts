import * as z from 'zod/mini';
import { changed, createVersions, type VersionStep, type Versions } from './dialect.ts';
import { registeredDevice, session, signingIn, type NewDevice } from './http/accounts.ts';

/**
 * Version of the wire protocol: frames, HTTP bodies, ids, revisions. A change to any schema changes its
 * fingerprint, and `version.test.ts` fails until a line is added here.
 */
export const PROTOCOL_HISTORY = [
  { version: 1, fingerprint: '28260f78f6ae41a9', change: 'first version' },
  {
    version: 2,
    fingerprint: '75614aded79cad6c',
    change: '`read` is told inside the ciphertext, no more by frames',
  },
  {
    version: 3,
    fingerprint: '1c5688bea366bfa5',
    change: 'change of password, which ends earlier tokens; frame `devices`',
  },
  {
    version: 4,
    fingerprint: '5b5fd80e73de521e',
    change:
      '16 one-time Kyber keys, and ids of one-time keys that rise; HTTP names its version; fields and frames that a client does not know are ignored; ids of a mailbox alone',
  },
  {
    version: 5,
    fingerprint: 'ff0f5c9c30a0f811',
    change:
      'an account key signs the list of devices that messages go to and come from; an account may cost work or take an invite code; a sender has a share of a mailbox; a device says from whom it takes presence and typing',
  },
  {
    version: 6,
    fingerprint: '9d88b626d5e2958e',
    change:
      'a session names all masters; a master tells anybody whether to connect there; blobs; devices that another one links',
  },
] as const;

export const PROTOCOL_VERSION = 6;

const sessionBefore = z.omit(session, { masters: true });
const registeredBefore = z.omit(registeredDevice, { masters: true });

const toVersion6: VersionStep = {
  bodies: {
    session: changed(
      sessionBefore,
      (before) => before,
      (after: object) => sessionBefore.parse(after),
    ),
    registeredDevice: changed(
      registeredBefore,
      (before) => before,
      (after: object) => registeredBefore.parse(after),
    ),
    newDevice: changed(
      signingIn,
      (before) => before,
      (after: NewDevice) => ('grant' in after ? null : after),
    ),
    ...{ rendezvous: null, sealedMessage: null, heardSealedMessage: null },
    ...{ newDeviceGrant: null, deviceGrant: null },
    ...{
      serverStatus: null,
      newBlob: null,
      blobTicket: null,
      blobParts: null,
      partPlace: null,
      partStored: null,
    },
  },
};

/** How each version that is still spoken, but the oldest, differs from the one before; in order. */
const STEPS: readonly VersionStep[] = [toVersion6];

/** What this code speaks. */
export const VERSIONS: Versions = createVersions(PROTOCOL_VERSION, STEPS);

/** HTTP header of a request: the version in which it is said, and in which its answer is wanted. */
export const VERSION_HEADER = 'restante-version';

/** HTTP header of every answer: the versions that the server speaks, with commas between them. */
export const VERSIONS_HEADER = 'restante-versions';

/** WebSocket subprotocol of a version; the token travels beside it as {@link tokenSubprotocol}. */
export const subprotocol = (version: number): string => `restante.${version}`;

const TOKEN_PREFIX = 'token.';

/**
 * The subprotocol that carries a token to the upgrade: browsers cannot set headers on a WebSocket, and a
 * token in a URL would end up in logs.
 */
export const tokenSubprotocol = (token: string): string => `${TOKEN_PREFIX}${token}`;

/** The token among the offered subprotocols, or null. */
export const tokenFromSubprotocols = (offered: readonly string[]): string | null =>
  offered.find((name) => name.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length) ?? null;
