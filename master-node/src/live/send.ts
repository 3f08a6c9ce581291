import {
  deriveMessageId,
  deviceKey,
  LIMITS,
  messageTime,
  type Accepted,
  type DeviceAddress,
  type DeviceMismatch,
  type MessageId,
  type Recipient,
  type Refused,
  type Send,
  type StoredEnvelope,
} from '@restante/protocol';
import { ServiceError, toServiceError, type Logger } from '@restante/service-kit';
import type { Access } from '../accounts/access.ts';
import type { DeviceSet, DeviceSets } from '../directory/device-sets.ts';
import type { FanOut } from '../mailboxes/fan-out.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { Bus } from './bus.ts';
import { assertListed } from './listed-sender.ts';
import type { PushWindows } from './push-windows.ts';

export type SendDeps = {
  readonly deviceSets: DeviceSets;
  readonly store: FanOut;
  readonly bus: Bus;
  readonly pushWindows: PushWindows;
  readonly isLetIn: Access['isLetIn'];
  readonly rateLimits: Pick<RateLimits, 'messages'>;
  readonly messageTtlMs: number;
  readonly metrics: Pick<Metrics, 'sendsAccepted' | 'sendsRefused' | 'acceptLatency' | 'pushLatency'>;
  readonly log: Logger;
  readonly now: () => number;
};

/** How a recipient's envelopes differ from the devices on its list; null when they do not. */
const mismatch = (
  sender: DeviceAddress,
  { accountId, envelopes }: Recipient,
  set: DeviceSet,
): DeviceMismatch | null => {
  const expected = new Map(set.listed);
  if (accountId === sender.accountId) expected.delete(sender.deviceId);
  const named = new Set(envelopes.map(({ deviceId }) => deviceId));
  const missing = [...expected.keys()].filter((deviceId) => !named.has(deviceId));
  const extra = [...named].filter((deviceId) => !expected.has(deviceId));
  const stale = envelopes
    .filter(
      ({ deviceId, registrationId }) => expected.has(deviceId) && expected.get(deviceId) !== registrationId,
    )
    .map(({ deviceId }) => deviceId);
  return missing.length + extra.length + stale.length === 0 ? null : { accountId, missing, extra, stale };
};

const checkShape = ({ recipients }: Send): void => {
  const accounts = new Set(recipients.map(({ accountId }) => accountId));
  if (accounts.size !== recipients.length) {
    throw new ServiceError('bad-request', 'an account is named twice', { path: 'recipients' });
  }
  let count = 0;
  recipients.forEach(({ envelopes }, index) => {
    count += envelopes.length;
    if (new Set(envelopes.map(({ deviceId }) => deviceId)).size === envelopes.length) return;
    const path = `recipients.${index}.envelopes`;
    throw new ServiceError('bad-request', 'a device is named twice', { path });
  });
  if (count > LIMITS.envelopesPerSend) {
    throw new ServiceError('bad-request', 'too many envelopes in one send', { path: 'recipients' });
  }
};

const checkTime = ({ id }: Send, messageTtlMs: number, nowMs: number): void => {
  const timeMs = messageTime(id);
  if (timeMs > nowMs + LIMITS.clockSkewMs) {
    throw new ServiceError('clock-skew', 'the time in the id is in the future');
  }
  if (timeMs + messageTtlMs <= nowMs) {
    throw new ServiceError('message-expired', 'the time in the id is too long ago');
  }
};

/** Mismatches of all recipients, read again from the directory before they count. */
const checkDevices = async (
  sender: DeviceAddress,
  { recipients }: Send,
  deviceSets: DeviceSets,
): Promise<void> => {
  const check = async (recipient: Recipient): Promise<DeviceMismatch[]> => {
    const known = await deviceSets.get(recipient.accountId);
    if (known && mismatch(sender, recipient, known) === null) return [];
    const actual = await deviceSets.refresh(recipient.accountId);
    if (actual === null) throw new ServiceError('not-found', 'no such account');
    const found = mismatch(sender, recipient, actual);
    return found ? [found] : [];
  };
  const mismatches = (await Promise.all(recipients.map(check))).flat();
  if (mismatches.length > 0) {
    throw new ServiceError('devices-changed', 'the recipients have other devices', { mismatches });
  }
};

const toEnvelopes = (
  sender: DeviceAddress,
  id: MessageId,
  { recipients }: Send,
  messageTtlMs: number,
  isLetIn: Access['isLetIn'],
): StoredEnvelope[] =>
  recipients.flatMap(({ accountId, envelopes, access }) => {
    const isStranger = !isLetIn(accountId, sender.accountId, access);
    return envelopes.map(({ deviceId, type, payload }) => ({
      accountId,
      deviceId,
      id,
      senderId: sender.accountId,
      senderDeviceId: sender.deviceId,
      expiresAt: messageTime(id) + messageTtlMs,
      type,
      payload,
      ...(isStranger ? { stranger: true } : {}),
    }));
  });

const publish = (bus: Bus, stored: StoredEnvelope): void => {
  const { accountId, deviceId, id, senderId, senderDeviceId, expiresAt, type, payload } = stored;
  const envelope = { id, senderId, senderDeviceId, sentAt: messageTime(id), expiresAt, type, payload };
  bus.publish({
    kind: 'to-device',
    to: { accountId, deviceId },
    frame: { type: 'envelope', envelope },
  });
};

/**
 * Takes one message: pushes its envelopes to connected devices and, side by side, stores them (law 1). Nothing is
 * pushed or stored when the devices do not fit.
 */
export const createSend =
  (deps: SendDeps) =>
  async (sender: DeviceAddress, frame: Send, requestId: string): Promise<Accepted | Refused> => {
    const { metrics, bus } = deps;
    const acceptedIn = metrics.acceptLatency.startTimer();
    const pushedIn = metrics.pushLatency.startTimer();
    try {
      await deps.rateLimits.messages.take(sender);
      checkShape(frame);
      checkTime(frame, deps.messageTtlMs, deps.now());
      await assertListed(sender, deps.deviceSets);
      await checkDevices(sender, frame, deps.deviceSets);

      const messageId = deriveMessageId(sender, frame.id);
      const envelopes = toEnvelopes(sender, messageId, frame, deps.messageTtlMs, deps.isLetIn);
      const window = deps.pushWindows.open(envelopes);
      for (const envelope of envelopes) publish(bus, envelope);
      pushedIn();
      try {
        const copies = await deps.store(envelopes, requestId);
        metrics.sendsAccepted.inc({ copies });
        acceptedIn();
        return { type: 'accepted', id: frame.id, messageId, copies };
      } finally {
        const bytes = envelopes.reduce((sum, { payload }) => sum + payload.length, 0);
        window.close(bytes, (device) => {
          for (const envelope of envelopes) if (deviceKey(envelope) === device) publish(bus, envelope);
        });
      }
    } catch (thrown) {
      const error = toServiceError(thrown);
      metrics.sendsRefused.inc({ code: error.code });
      deps.log[error.row.level](
        { event: 'send-refused', code: error.code, requestId, err: error },
        error.message,
      );
      return { type: 'refused', id: frame.id, error: error.toBody() };
    }
  };
