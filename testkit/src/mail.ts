import { randomBytes, randomUUID } from 'node:crypto';
import {
  deriveMessageId,
  LIMITS,
  messageTime,
  mintMessageId,
  type DeviceAddress,
  type StoredEnvelope,
} from '@restante/protocol';

/** A device's address that nobody else has. */
export const newMailbox = (): DeviceAddress => ({ accountId: randomUUID(), deviceId: 1 });

let lastTime = 0;

/** An envelope for a mailbox as a master hands it to the nodes. Ids of later calls sort later, as a device's do. */
export const newEnvelope = (
  { accountId, deviceId }: DeviceAddress,
  { timeMs, ...given }: Partial<StoredEnvelope> & { readonly timeMs?: number } = {},
): StoredEnvelope => {
  lastTime = Math.max(Date.now(), lastTime + 1);
  const sender = newMailbox();
  const id = given.id ?? deriveMessageId(sender, mintMessageId(timeMs ?? lastTime, randomBytes(10)));
  return {
    accountId,
    deviceId,
    id,
    senderId: sender.accountId,
    senderDeviceId: sender.deviceId,
    expiresAt: messageTime(id) + LIMITS.messageTtlMs,
    type: 'message',
    payload: randomBytes(60).toString('base64'),
    ...given,
  };
};
