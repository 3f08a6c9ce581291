import { randomBytes, randomUUID } from 'node:crypto';
import {
  LIMITS,
  messageTime,
  mintMessageId,
  type DeviceAddress,
  type StoredEnvelope,
} from '@restante/protocol';

/** Ciphertext of a short text message: padded plaintext, message header and authentication, as base64. */
const PAYLOAD_BYTES = 450;

/** Noise of a message's size, as base64. */
export const newPayload = (): string => randomBytes(PAYLOAD_BYTES).toString('base64');

/** A mailbox that nobody else has. */
export const newMailbox = (): DeviceAddress => ({ accountId: randomUUID(), deviceId: 1 });

const sender: DeviceAddress = { accountId: randomUUID(), deviceId: 1 };
let lastTimeMs = 0;

/** A new envelope for a mailbox. Every one has a payload and a millisecond of its own. */
export const newEnvelope = (mailbox: DeviceAddress): StoredEnvelope => {
  // Ids that count up from a little ago: as many as a run needs lie between then and now.
  lastTimeMs = lastTimeMs === 0 ? Date.now() - 60 * 60 * 1000 : lastTimeMs + 1;
  const id = mintMessageId(lastTimeMs, randomBytes(10));
  return {
    ...mailbox,
    id,
    senderId: sender.accountId,
    senderDeviceId: sender.deviceId,
    expiresAt: messageTime(id) + LIMITS.messageTtlMs,
    type: 'message',
    payload: newPayload(),
  };
};

/** New envelopes, `perMailbox` in a row for each mailbox. */
export const newEnvelopes = (count: number, perMailbox: number): StoredEnvelope[] => {
  let mailbox = newMailbox();
  return Array.from({ length: count }, (_, index) => {
    if (index > 0 && index % perMailbox === 0) mailbox = newMailbox();
    return newEnvelope(mailbox);
  });
};
