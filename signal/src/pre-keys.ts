import { generateKeyPair, parsePublicKey, type KeyPair } from './curve.ts';
import { generateKyberKeyPair, parseKyberPublicKey, type KyberKeyPair } from './kyber1024.ts';
import { systemRandom, type RandomBytes } from './random.ts';
import { SignalError } from './signal-error.ts';
import { sign, verify } from './xeddsa.ts';

/**
 * The keys that a device publishes so that others can start sessions while it is away (signal.org/docs, PQXDH, section
 * 3.2). A signed pre-key and a Kyber pre-key are signed by the identity key over their bytes with the type byte.
 */

/** A one-time key: deleted when a session was started with it. */
export type PreKey = KeyPair & { readonly id: number };

/** Replaced from time to time; the old one is kept for messages still under way. */
export type SignedPreKey = PreKey & { readonly signature: Uint8Array; readonly createdMs: number };

/** One-time, or of last resort: that one stays, and the handshakes made with it have to be remembered. */
export type KyberPreKey = KyberKeyPair & {
  readonly id: number;
  readonly signature: Uint8Array;
  readonly createdMs: number;
  readonly isLastResort: boolean;
};

type Signed = { readonly id: number; readonly publicKey: Uint8Array; readonly signature: Uint8Array };

/** What a server hands out for one device. */
export type PreKeyBundle = {
  readonly registrationId: number;
  readonly deviceId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: Signed;
  readonly kyberPreKey: Signed;
  /** Null when the one-time keys have run out. */
  readonly preKey: { readonly id: number; readonly publicKey: Uint8Array } | null;
};

/** Own ids are 1 to this; those of others are any 32 bits. */
const MAX_PRE_KEY_ID = 0xff_ffff;
const MAX_REGISTRATION_ID = 0x3fff;
const MAX_DEVICE_ID = 127;
const MAX_UINT32 = 0xffff_ffff;

/** 1 to `max`. Draws 4 bytes. */
const randomNumber = (max: number, random: RandomBytes): number => {
  const bytes = random(4);
  return 1 + (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % max);
};

/** 1 to 0x3fff: one per installation. */
export const generateRegistrationId = (random: RandomBytes = systemRandom): number =>
  randomNumber(MAX_REGISTRATION_ID, random);

/** Where a new installation begins to count: 1 to 0xffffff. */
export const generatePreKeyId = (random: RandomBytes = systemRandom): number =>
  randomNumber(MAX_PRE_KEY_ID, random);

/** 1 follows 0xffffff. */
export const nextPreKeyId = (id: number): number => (id % MAX_PRE_KEY_ID) + 1;

const ownId = (id: number): number => {
  if (!Number.isInteger(id) || id < 1 || id > MAX_PRE_KEY_ID) throw new SignalError('invalid-argument');
  return id;
};

/** So many keys with ids in a row. Draws 32 bytes for each. @throws SignalError `invalid-argument` for a wrong id */
export const generatePreKeys = (
  firstId: number,
  count: number,
  random: RandomBytes = systemRandom,
): readonly PreKey[] => {
  const preKeys: PreKey[] = [];
  for (let id = ownId(firstId); preKeys.length < count; id = nextPreKeyId(id)) {
    preKeys.push({ id, ...generateKeyPair(random) });
  }
  return preKeys;
};

/** Draws 32 bytes and 64. @throws SignalError `invalid-argument` for a wrong id */
export const generateSignedPreKey = (
  id: number,
  identity: KeyPair,
  nowMs: number,
  random: RandomBytes = systemRandom,
): SignedPreKey => {
  const pair = generateKeyPair(random);
  const signature = sign(identity.privateKey, pair.publicKey, random);
  return { id: ownId(id), ...pair, signature, createdMs: nowMs };
};

/** Draws 64 bytes twice. @throws SignalError `invalid-argument` for a wrong id */
export const generateKyberPreKey = (
  id: number,
  identity: KeyPair,
  { isLastResort }: { readonly isLastResort: boolean },
  nowMs: number,
  random: RandomBytes = systemRandom,
): KyberPreKey => {
  const pair = generateKyberKeyPair(random);
  const signature = sign(identity.privateKey, pair.publicKey, random);
  return { id: ownId(id), ...pair, signature, createdMs: nowMs, isLastResort };
};

const isAtMost = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

/**
 * Checks the form of everything in a bundle and both signatures. The one-time key is not signed. What only the key
 * agreement shows (a point of small order) is not checked here.
 *
 * @throws SignalError `invalid-bundle`
 */
export const verifyBundle = (bundle: PreKeyBundle): void => {
  const { identityKey, signedPreKey, kyberPreKey, preKey } = bundle;
  const keyIds = [signedPreKey.id, kyberPreKey.id, ...(preKey === null ? [] : [preKey.id])];
  const isValid =
    isAtMost(bundle.deviceId, 1, MAX_DEVICE_ID) &&
    [bundle.registrationId, ...keyIds].every((id) => isAtMost(id, 0, MAX_UINT32)) &&
    areKeys(bundle) &&
    verify(identityKey, signedPreKey.publicKey, signedPreKey.signature) &&
    verify(identityKey, kyberPreKey.publicKey, kyberPreKey.signature);
  if (!isValid) throw new SignalError('invalid-bundle');
};

const areKeys = ({ identityKey, signedPreKey, kyberPreKey, preKey }: PreKeyBundle): boolean => {
  try {
    parsePublicKey(identityKey);
    parsePublicKey(signedPreKey.publicKey);
    parseKyberPublicKey(kyberPreKey.publicKey);
    if (preKey !== null) parsePublicKey(preKey.publicKey);
    return true;
  } catch {
    return false;
  }
};
