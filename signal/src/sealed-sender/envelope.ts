import { ascii, concat, wipe } from '../bytes.ts';
import { agree, generateKeyPair, parsePublicKey, type KeyPair } from '../curve.ts';
import { hkdf } from '../kdf.ts';
import { bytesField, decodeFields, encodeFields } from '../protobuf.ts';
import type { RandomBytes } from '../random.ts';
import { invalidKeyAs } from '../session/invalid-key-as.ts';
import { SignalError } from '../signal-error.ts';
import { decryptCtr, encryptCtr, type CtrKeys } from './aes-ctr-hmac.ts';

/**
 * Version 1 of sealed sender (signal.org/blog/sealed-sender). A fresh key pair and the recipient's identity key encrypt
 * the sender's identity key; both identity keys encrypt the content, so that only the owner of the sender's can have
 * made it. Version byte, then protobuf.
 */

/** Version 1 in both halves. Only the high half is read. */
const VERSION_BYTE = 0x11;
const VERSION = 1;

const SALT_PREFIX = ascii('UnidentifiedDelivery');
const NO_INFO = new Uint8Array(0);

type EnvelopeKeys = CtrKeys & { readonly chainKey: Uint8Array };

const wipeKeys = (...allKeys: readonly EnvelopeKeys[]): void => {
  for (const { chainKey, cipherKey, macKey } of allKeys) wipe(chainKey, cipherKey, macKey);
};

/** Takes and wipes the secret of a key agreement. */
const deriveKeys = (salt: Uint8Array, secret: Uint8Array): EnvelopeKeys => {
  const output = hkdf(salt, secret, NO_INFO, 96);
  const keys = {
    chainKey: output.slice(0, 32),
    cipherKey: output.slice(32, 64),
    macKey: output.slice(64, 96),
  };
  wipe(secret, output);
  return keys;
};

type Recipient = { readonly recipientKey: Uint8Array; readonly ephemeralKey: Uint8Array };

/** From the agreement of the fresh key and the recipient's identity key. */
const keysOfIdentity = ({ recipientKey, ephemeralKey }: Recipient, secret: Uint8Array) =>
  deriveKeys(concat(SALT_PREFIX, recipientKey, ephemeralKey), secret);

/** From the agreement of both identity keys, and what was encrypted before. */
const keysOfContent = (chainKey: Uint8Array, encryptedIdentity: Uint8Array, secret: Uint8Array) =>
  deriveKeys(concat(chainKey, encryptedIdentity), secret);

/** Draws 32 bytes. @throws SignalError `invalid-key` when the recipient's identity key is not valid */
export const sealEnvelope = (
  identity: KeyPair,
  recipientKey: Uint8Array,
  content: Uint8Array,
  random: RandomBytes,
): Uint8Array => {
  const ephemeral = generateKeyPair(random);
  const outer = keysOfIdentity(
    { recipientKey, ephemeralKey: ephemeral.publicKey },
    agree(ephemeral.privateKey, recipientKey),
  );
  const encryptedIdentity = encryptCtr(outer, identity.publicKey);
  const inner = keysOfContent(outer.chainKey, encryptedIdentity, agree(identity.privateKey, recipientKey));
  const fields = encodeFields([
    [1, ephemeral.publicKey],
    [2, encryptedIdentity],
    [3, encryptCtr(inner, content)],
  ]);
  wipe(ephemeral.privateKey);
  wipeKeys(outer, inner);
  return concat(Uint8Array.of(VERSION_BYTE), fields);
};

const decodeEnvelope = (bytes: Uint8Array) => {
  const [version] = bytes;
  if (version === undefined) throw new SignalError('invalid-message');
  if (version >> 4 !== VERSION) throw new SignalError('unsupported-version');
  const fields = decodeFields(bytes.subarray(1));
  const ephemeralKey = bytesField(fields, 1);
  const encryptedIdentity = bytesField(fields, 2);
  const encryptedContent = bytesField(fields, 3);
  if (ephemeralKey === undefined || encryptedIdentity === undefined || encryptedContent === undefined) {
    throw new SignalError('invalid-message');
  }
  return { ephemeralKey: parsePublicKey(ephemeralKey), encryptedIdentity, encryptedContent };
};

/**
 * The content and the identity key of who has sealed it (33 bytes).
 *
 * @throws SignalError `invalid-message`, `unsupported-version` for a message that is not of version 1
 */
export const openEnvelope = (
  identity: KeyPair,
  bytes: Uint8Array,
): { readonly content: Uint8Array; readonly senderKey: Uint8Array } =>
  invalidKeyAs('invalid-message', () => {
    const { ephemeralKey, encryptedIdentity, encryptedContent } = decodeEnvelope(bytes);
    const outer = keysOfIdentity(
      { recipientKey: identity.publicKey, ephemeralKey },
      agree(identity.privateKey, ephemeralKey),
    );
    const senderKey = parsePublicKey(decryptCtr(outer, encryptedIdentity));
    const inner = keysOfContent(outer.chainKey, encryptedIdentity, agree(identity.privateKey, senderKey));
    const content = decryptCtr(inner, encryptedContent);
    wipeKeys(outer, inner);
    return { content, senderKey };
  });
