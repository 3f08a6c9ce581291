import { SignalError } from '../signal-error.ts';

/** First byte of a message: its version in the high half, the highest version the sender knows in the low half. */
export const MESSAGE_VERSION_BYTE = 0x44;

const MESSAGE_VERSION = 4;

/** @throws SignalError `invalid-message` unless the message is of version 4 (PQXDH and the post-quantum ratchet) */
export const checkVersion = (message: Uint8Array): void => {
  if ((message[0] ?? 0) >> 4 !== MESSAGE_VERSION) throw new SignalError('invalid-message');
};
