import { deviceKey, type Acknowledge, type Acknowledged, type DeviceAddress } from '@restante/protocol';
import type { DeleteOnBehalf } from '../mailboxes/delete-on-behalf.ts';
import type { Metrics } from '../metrics.ts';
import type { Bus } from './bus.ts';

export type AcknowledgeDeps = {
  readonly deleteOnBehalf: DeleteOnBehalf['delete'];
  readonly bus: Bus;
  readonly metrics: Pick<Metrics, 'acknowledged'>;
};

/** Tells each sender that is connected. The acknowledging client says who they are. */
const publishReceipts = (bus: Bus, device: DeviceAddress, { messages }: Acknowledge): void => {
  const bySender = Map.groupBy(messages, ({ senderId, senderDeviceId }) =>
    deviceKey({ accountId: senderId, deviceId: senderDeviceId }),
  );
  for (const sent of bySender.values()) {
    const [first] = sent;
    if (!first) continue;
    bus.publish({
      kind: 'to-device',
      to: { accountId: first.senderId, deviceId: first.senderDeviceId },
      frame: { type: 'receipt', ...device, ids: sent.map(({ id }) => id) },
    });
  }
};

/** Deletes on all nodes, and tells the senders, if it may. */
export const createAcknowledge =
  ({ deleteOnBehalf, bus, metrics }: AcknowledgeDeps) =>
  async (device: DeviceAddress, frame: Acknowledge, requestId: string): Promise<Acknowledged> => {
    if (frame.receipts) publishReceipts(bus, device, frame);
    const ids = frame.messages.map(({ id }) => id);
    const copies = await deleteOnBehalf(device, ids, requestId);
    metrics.acknowledged.inc({ copies }, ids.length);
    return { type: 'acknowledged', ids, copies };
  };
