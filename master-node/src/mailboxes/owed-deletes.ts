import { deviceKey, LIMITS, type DeviceAddress, type MessageId } from '@restante/protocol';
import { startLoop, type Logger } from '@restante/service-kit';
import type { MailboxNode } from './mailbox-node.ts';

/**
 * What devices have acknowledged and a node has not done: it is told again until it has, for as long as this master lives. Beyond the
 * bound nothing is noted: the device owes it to the node as well.
 */
export type OwedDeletes = AsyncDisposable & {
  readonly note: (node: MailboxNode, device: DeviceAddress, ids: readonly MessageId[]) => void;
  /** Ids that a node is owed. */
  readonly countFor: (node: string) => number;
};

type OfDevice = { readonly device: DeviceAddress; readonly ids: Set<MessageId> };

const MAX_IDS = 200_000;
const INTERVAL_MS = 1_000;

export const startOwedDeletes = (
  nodes: readonly MailboxNode[],
  {
    log,
    deleteAt,
  }: {
    readonly log: Logger;
    /** Whether the node has done it. */
    readonly deleteAt: (
      node: MailboxNode,
      device: DeviceAddress,
      ids: readonly MessageId[],
    ) => Promise<boolean>;
  },
): OwedDeletes => {
  const owed = new Map<string, Map<string, OfDevice>>(nodes.map(({ name }) => [name, new Map()]));
  let count = 0;

  const settle = ({ ids }: OfDevice, done: readonly MessageId[]): void => {
    for (const id of done) if (ids.delete(id)) count -= 1;
  };

  const tell = async (node: MailboxNode, signal: AbortSignal): Promise<void> => {
    const devices = owed.get(node.name) ?? new Map<string, OfDevice>();
    for (const [key, ofDevice] of devices) {
      while (ofDevice.ids.size > 0) {
        if (signal.aborted || !node.isUp()) return;
        const batch = [...ofDevice.ids].slice(0, LIMITS.idsPerAcknowledge);
        if (!(await deleteAt(node, ofDevice.device, batch))) return;
        settle(ofDevice, batch);
      }
      devices.delete(key);
    }
  };
  const loop = startLoop('owed-deletes', log, { intervalMs: INTERVAL_MS }, async (signal) => {
    await Promise.all(nodes.map((node) => tell(node, signal)));
  });

  return {
    note: (node, device, ids) => {
      const devices = owed.get(node.name);
      if (devices === undefined) return;
      const key = deviceKey(device);
      const ofDevice = devices.get(key) ?? { device, ids: new Set() };
      for (const id of ids) {
        if (count >= MAX_IDS) break;
        if (ofDevice.ids.has(id)) continue;
        ofDevice.ids.add(id);
        count += 1;
      }
      if (ofDevice.ids.size > 0) devices.set(key, ofDevice);
    },
    countFor: (node) => [...(owed.get(node)?.values() ?? [])].reduce((sum, { ids }) => sum + ids.size, 0),
    [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose](),
  };
};
