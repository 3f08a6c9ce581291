import { decryptCbc, encryptCbc } from '../aes-cbc.ts';
import { ascii, equalBytes, wipe } from '../bytes.ts';
import { generateKeyPair } from '../curve.ts';
import { hkdf } from '../kdf.ts';
import { systemRandom, type RandomBytes } from '../random.ts';
import { MAX_COUNTER, takeSeed } from '../session/receiving-chain.ts';
import { SignalError } from '../signal-error.ts';
import { decodeDistribution, encodeDistribution } from './distribution-message.ts';
import { decodeSenderKeyMessage, encodeSenderKeyMessage, hasValidSignature } from './sender-key-message.ts';
import {
  addState,
  DISTRIBUTION_ID_BYTES,
  publicSigningKey,
  type OwnSigningKey,
  type SenderKeyRecord,
  type SenderKeyState,
} from './sender-key-state.ts';

/**
 * Group messages by sender keys. Records are kept per sender's address and distribution id; the caller looks them up,
 * and knows from the session that brought a distribution who its sender is. Delete the own record when a member has
 * left: the next distribution starts a new chain.
 */

const KEYS_LABEL = ascii('WhisperGroup');
const CHAIN_KEY_BYTES = 32;

/** Takes and wipes the seed of a message. */
const withMessageKeys = (
  seed: Uint8Array,
  crypt: (key: Uint8Array, iv: Uint8Array) => Uint8Array,
): Uint8Array => {
  const keys = hkdf(null, seed, KEYS_LABEL, 48);
  try {
    return crypt(keys.subarray(16), keys.subarray(0, 16));
  } finally {
    wipe(seed, keys);
  }
};

/** 31 bits, as every implementation makes them. */
const generateChainId = (random: RandomBytes): number => {
  const bytes = random(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) >>> 1;
};

const newRecord = (distributionId: Uint8Array, random: RandomBytes): SenderKeyRecord => {
  if (distributionId.length !== DISTRIBUTION_ID_BYTES) throw new SignalError('invalid-argument');
  const chainId = generateChainId(random);
  const chainKey = random(CHAIN_KEY_BYTES);
  const { privateKey } = generateKeyPair(random);
  const chain = { chainKey, counter: 0, skipped: new Uint8Array(0) };
  return {
    distributionId: distributionId.slice(),
    states: [{ chainId, signingKey: { isOwn: true, privateKey }, chain }],
  };
};

/** The chain that this device sends with: the newest one, which another sender's is not. */
const ownState = (record: SenderKeyRecord): SenderKeyState & { readonly signingKey: OwnSigningKey } => {
  const [state] = record.states;
  if (state?.signingKey.isOwn !== true) throw new SignalError('no-sender-key');
  return { ...state, signingKey: state.signingKey };
};

/**
 * The own chain as it stands, for members who do not have it: they read what is sent from now on. Without a record it
 * begins a chain (draws 4, 32 and 32 bytes).
 *
 * @throws SignalError `invalid-argument` when the id is not 16 bytes or the record is of another one, `no-sender-key`
 *   when the newest chain is not an own one: it is not this device's to give away
 */
export const createDistribution = (
  record: SenderKeyRecord | null,
  distributionId: Uint8Array,
  random: RandomBytes = systemRandom,
): { readonly record: SenderKeyRecord; readonly message: Uint8Array } => {
  const own = record ?? newRecord(distributionId, random);
  if (!equalBytes(own.distributionId, distributionId)) throw new SignalError('invalid-argument');
  const state = ownState(own);
  const message = encodeDistribution({
    distributionId,
    chainId: state.chainId,
    iteration: state.chain.counter,
    chainKey: state.chain.chainKey,
    signingKey: publicSigningKey(state),
  });
  return { record: own, message };
};

/** Which record a distribution belongs to: 16 bytes. @throws SignalError `invalid-message` */
export const readDistributionId = (message: Uint8Array): Uint8Array =>
  decodeDistribution(message).distributionId;

/**
 * `record` is the one of the device that sent the session message with the distribution, null when there is none yet.
 *
 * @throws SignalError `invalid-message`, also when the record is of another distribution id
 */
export const processDistribution = (record: SenderKeyRecord | null, message: Uint8Array): SenderKeyRecord => {
  const { distributionId, chainId, iteration, chainKey, signingKey } = decodeDistribution(message);
  if (record !== null && !equalBytes(record.distributionId, distributionId)) {
    throw new SignalError('invalid-message');
  }
  const added: SenderKeyState = {
    chainId,
    signingKey: { isOwn: false, publicKey: signingKey },
    chain: { chainKey, counter: iteration, skipped: new Uint8Array(0) },
  };
  return { distributionId, states: addState(record?.states ?? [], added) };
};

/**
 * Draws 64 bytes.
 *
 * @throws SignalError `no-sender-key` when the newest chain is not an own one, or used up
 */
export const encryptGroup = (
  record: SenderKeyRecord,
  plaintext: Uint8Array,
  random: RandomBytes = systemRandom,
): { readonly record: SenderKeyRecord; readonly body: Uint8Array } => {
  const state = ownState(record);
  const { chainId, signingKey } = state;
  const iteration = state.chain.counter;
  if (iteration === MAX_COUNTER) throw new SignalError('no-sender-key');
  const { chain, seed } = takeSeed(state.chain, iteration);
  const ciphertext = withMessageKeys(seed, (key, iv) => encryptCbc(key, iv, plaintext));
  const message = { distributionId: record.distributionId, chainId, iteration, ciphertext };
  const body = encodeSenderKeyMessage(message, signingKey.privateKey, random);
  return { record: { ...record, states: [{ ...state, chain }, ...record.states.slice(1)] }, body };
};

/** Which record a group message needs: 16 bytes. @throws SignalError `invalid-message` */
export const readGroupDistributionId = (body: Uint8Array): Uint8Array =>
  decodeSenderKeyMessage(body).distributionId;

/**
 * @throws SignalError `no-sender-key` when the record is missing or does not have the chain (any more),
 *   `duplicate-message`, `invalid-message`
 */
export const decryptGroup = (
  record: SenderKeyRecord | null,
  body: Uint8Array,
): { readonly record: SenderKeyRecord; readonly plaintext: Uint8Array } => {
  const { distributionId, chainId, iteration, ciphertext } = decodeSenderKeyMessage(body);
  const state = record?.states.find((known) => known.chainId === chainId);
  if (record === null || state === undefined || !equalBytes(record.distributionId, distributionId)) {
    throw new SignalError('no-sender-key');
  }
  if (!hasValidSignature(body, publicSigningKey(state))) throw new SignalError('invalid-message');
  const { chain, seed } = takeSeed(state.chain, iteration);
  const plaintext = withMessageKeys(seed, (key, iv) => decryptCbc(key, iv, ciphertext));
  const states = record.states.map((known) => (known === state ? { ...state, chain } : known));
  return { record: { ...record, states }, plaintext };
};
