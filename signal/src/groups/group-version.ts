import { SignalError } from '../signal-error.ts';

/** First byte of a group message: its version in the high half, the highest version the sender knows in the low half. */
export const GROUP_VERSION_BYTE = 0x33;

const GROUP_VERSION = 3;

/** @throws SignalError `invalid-message` unless the bytes are of version 3 */
export const checkGroupVersion = (bytes: Uint8Array): void => {
  if ((bytes[0] ?? 0) >> 4 !== GROUP_VERSION) throw new SignalError('invalid-message');
};
