import { concat } from '../bytes.ts';
import { SignalError } from '../signal-error.ts';
import type { Address } from './address.ts';
import { serviceIdOf } from './service-id.ts';

const MAX_DEVICE_ID = 127;

const deviceIdOf = ({ deviceId }: Address): number => {
  if (!Number.isInteger(deviceId) || deviceId < 1 || deviceId > MAX_DEVICE_ID) {
    throw new SignalError('invalid-argument');
  }
  return deviceId;
};

/**
 * Who sent a message to whom, as it stands under the MAC: a server cannot deliver the message under another name.
 * Service id and device of the sender, then of the recipient: 36 bytes. Null when a name is no service id.
 *
 * @throws SignalError `invalid-argument` when a device id is out of range
 */
export const messageAddresses = (sender: Address, recipient: Address): Uint8Array | null => {
  const senderId = serviceIdOf(sender.name);
  const recipientId = serviceIdOf(recipient.name);
  if (senderId === null || recipientId === null) return null;
  return concat(
    senderId,
    Uint8Array.of(deviceIdOf(sender)),
    recipientId,
    Uint8Array.of(deviceIdOf(recipient)),
  );
};
