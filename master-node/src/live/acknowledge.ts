import { deviceKey, type Acknowledge, type Acknowledged, type DeviceAddress } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { DeleteOnBehalf } from '../mailboxes/delete-on-behalf.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { Bus } from './bus.ts';

export type AcknowledgeDeps = {
  readonly deleteOnBehalf: DeleteOnBehalf['delete'];
  readonly bus: Bus;
  readonly rateLimits: Pick<RateLimits, 'receipts'>;
  readonly metrics: Pick<Metrics, 'acknowledged'>;
};

/**
 * Tells each sender that is connected. The acknowledging client says who they are: a receipt may be for what was never sent, and its
 * reader knows. What comes faster than anybody can have sent it is left out.
 */
const publishReceipts = async (
  bus: Bus,
  receipts: RateLimits['receipts'],
  device: DeviceAddress,
  { messages }: Acknowledge,
): Promise<void> => {
  const bySender = Map.groupBy(messages, ({ senderId, senderDeviceId }) =>
    deviceKey({ accountId: senderId, deviceId: senderDeviceId }),
  );
  for (const sent of bySender.values()) {
    const [first] = sent;
    if (!first) continue;
    const isWithin = await receipts.take({ by: device.accountId, of: first.senderId }, sent.length).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ServiceError) return false;
        throw error;
      },
    );
    if (!isWithin) continue;
    bus.publish({
      kind: 'to-device',
      to: { accountId: first.senderId, deviceId: first.senderDeviceId },
      frame: { type: 'receipt', ...device, ids: sent.map(({ id }) => id) },
    });
  }
};

/** Deletes on all nodes, and tells the senders, if it may. */
export const createAcknowledge =
  ({ deleteOnBehalf, bus, rateLimits, metrics }: AcknowledgeDeps) =>
  async (device: DeviceAddress, frame: Acknowledge, requestId: string): Promise<Acknowledged> => {
    if (frame.receipts) await publishReceipts(bus, rateLimits.receipts, device, frame);
    const ids = frame.messages.map(({ id }) => id);
    const copies = await deleteOnBehalf(device, ids, requestId);
    metrics.acknowledged.inc({ copies }, ids.length);
    return { type: 'acknowledged', ids, copies };
  };
