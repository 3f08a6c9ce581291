import { encryptCbc } from '../aes-cbc.ts';
import { concat } from '../bytes.ts';
import { hmac } from '../kdf.ts';
import type { RandomBytes } from '../random.ts';
import type { Address, LocalDevice } from '../session/address.ts';
import { nextSeed } from '../session/double-ratchet.ts';
import { messageKeys } from '../session/message-keys.ts';
import { encrypt } from '../session/session.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { encodeSignalMessage } from '../session/signal-message.ts';
import { encodeSpqrMessage } from '../spqr/spqr-message.ts';
import { sendSpqr } from '../spqr/spqr.ts';
import type { Ciphertext } from './device.model.ts';
import { readRawFields, writeRawFields, type RawField } from './raw-fields.model.ts';

/** The next message of a session, taken apart. */
export type Blueprint = {
  readonly version: number;
  readonly fields: readonly RawField[];
  /** Puts a SignalMessage of other parts together, with a right MAC of so many bytes. */
  readonly seal: (parts: {
    readonly version?: number;
    readonly fields?: readonly RawField[];
    readonly macBytes?: number;
  }) => Uint8Array;
  /** The same around it, when the message is a pre-key message. */
  readonly wrapper: readonly RawField[] | null;
};

const MAC_BYTES = 8;
const MESSAGE_FIELD = 4;

/** The record stays as it was: the next message that is really sent has the same keys. */
export const takeApart = (
  local: LocalDevice,
  remote: Address,
  record: SessionRecord,
  plaintext: Uint8Array,
  random: RandomBytes,
): Blueprint => {
  const { current } = record;
  if (current === null) throw new Error('no session');
  const drawn: Uint8Array[] = [];
  const { type, body } = encrypt(local, remote, record, plaintext, 0, (length) => {
    const bytes = random(length);
    drawn.push(bytes.slice());
    return bytes;
  });
  const { key } = sendSpqr(current.spqr, () => drawn.shift() ?? new Uint8Array());
  const { macKey } = messageKeys(nextSeed(current.ratchet).seed, key);

  const wrapper = type === 'pre-key-message' ? readRawFields(body.subarray(1)) : null;
  const message = wrapper?.find(({ number }) => number === MESSAGE_FIELD)?.value ?? body;
  const version = message[0] ?? 0;
  const fields = readRawFields(message.subarray(1, -MAC_BYTES));
  const seal: Blueprint['seal'] = (parts) => {
    const content = concat(Uint8Array.of(parts.version ?? version), writeRawFields(parts.fields ?? fields));
    const mac = hmac(macKey, concat(current.localIdentity, current.remoteIdentity, content));
    return concat(content, mac.subarray(0, parts.macBytes ?? MAC_BYTES));
  };
  return { version, fields, seal, wrapper };
};

/** The next message of a session, without a key of the post-quantum ratchet: as peers sent once, in epoch 1. */
export const withoutPqKey = ({ current }: SessionRecord, plaintext: Uint8Array): Ciphertext => {
  if (current === null) throw new Error('no session');
  const { ratchetKey, counter } = current.ratchet.sending;
  const keys = messageKeys(nextSeed(current.ratchet).seed, null);
  const body = encodeSignalMessage(
    {
      ...{ ratchetKey: ratchetKey.publicKey, counter, addresses: null },
      previousCounter: current.ratchet.previousCounter,
      ciphertext: encryptCbc(keys.cipherKey, keys.iv, plaintext),
      pqRatchet: encodeSpqrMessage({ epoch: 1, payload: { type: 'None' } }, 0),
    },
    keys.macKey,
    { sender: current.localIdentity, receiver: current.remoteIdentity },
  );
  return { type: 'message', body };
};

/** A pre-key message of these fields, around this message. */
export const wrap = (
  fields: readonly RawField[],
  message: Uint8Array | null = null,
  version = 0x44,
): Ciphertext => {
  const filled = fields.map((field) =>
    message !== null && field.number === MESSAGE_FIELD ? { ...field, value: message } : field,
  );
  return { type: 'pre-key-message', body: concat(Uint8Array.of(version), writeRawFields(filled)) };
};
