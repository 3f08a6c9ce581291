import { deviceKey, LIMITS, type DeviceAddress, type MessageId } from '@restante/protocol';
import { startLoop, type Logger } from '@restante/service-kit';
import type { MailboxNode } from './mailbox-node.ts';

/**
 * What devices have acknowledged and a node has not done: it is told again until it has, for as long as this master lives. A node that had not
 * all of it is told once more a little later: what was on its way to it has come by then. Beyond the bound nothing is noted: the device owes
 * it to the node as well.
 */
export type OwedDeletes = AsyncDisposable & {
  readonly note: (node: MailboxNode, device: DeviceAddress, ids: readonly MessageId[]) => void;
  /** The node has done it, and had not all of it. */
  readonly noteMissing: OwedDeletes['note'];
  /** Ids that a node is owed. */
  readonly countFor: (node: string) => number;
};

/** `dueMs` by `performance.now()`; `isLast`: what is missing then is not looked for again. */
type OfDevice = {
  readonly device: DeviceAddress;
  readonly ids: Set<MessageId>;
  readonly dueMs: number;
  readonly isLast: boolean;
};

const MAX_IDS = 200_000;
/** No device takes the room of the others: as many as three nodes hold for it. */
const MAX_IDS_OF_DEVICE = 30_000;
const INTERVAL_MS = 1_000;
const ON_ITS_WAY_MS = 5_000;

export const startOwedDeletes = (
  nodes: readonly MailboxNode[],
  {
    log,
    deleteAt,
  }: {
    readonly log: Logger;
    /** How many the node had; null when it has not done it. */
    readonly deleteAt: (
      node: MailboxNode,
      device: DeviceAddress,
      ids: readonly MessageId[],
    ) => Promise<number | null>;
  },
): OwedDeletes => {
  const owed = new Map<string, Map<string, OfDevice>>(nodes.map(({ name }) => [name, new Map()]));
  let count = 0;
  const countOf = new Map<string, number>();
  const add = (device: DeviceAddress, ids: number): void => {
    const key = deviceKey(device);
    const left = (countOf.get(key) ?? 0) + ids;
    if (left > 0) countOf.set(key, left);
    else countOf.delete(key);
    count += ids;
  };
  const hasRoom = (device: DeviceAddress): boolean =>
    count < MAX_IDS && (countOf.get(deviceKey(device)) ?? 0) < MAX_IDS_OF_DEVICE;

  const settle = ({ device, ids }: OfDevice, done: readonly MessageId[]): void =>
    add(device, -done.filter((id) => ids.delete(id)).length);

  const enter = (
    node: MailboxNode,
    key: string,
    entry: Omit<OfDevice, 'ids'>,
    ids: readonly MessageId[],
  ): void => {
    const entries = owed.get(node.name);
    if (entries === undefined) return;
    const ofDevice = entries.get(key) ?? { ...entry, ids: new Set() };
    for (const id of ids) {
      if (!hasRoom(entry.device)) break;
      if (ofDevice.ids.has(id)) continue;
      ofDevice.ids.add(id);
      add(entry.device, 1);
    }
    if (ofDevice.ids.size > 0) entries.set(key, ofDevice);
  };
  const noteMissing: OwedDeletes['noteMissing'] = (node, device, ids) => {
    const dueMs = performance.now() + ON_ITS_WAY_MS;
    // Those of one second go together.
    const key = `${deviceKey(device)} ${Math.ceil(dueMs / INTERVAL_MS)}`;
    enter(node, key, { device, dueMs, isLast: true }, ids);
  };

  /** What a node refuses one device holds up none of the others. */
  const tellOf = async (node: MailboxNode, ofDevice: OfDevice, signal: AbortSignal): Promise<void> => {
    while (ofDevice.ids.size > 0 && node.isUp() && !signal.aborted) {
      const batch = [...ofDevice.ids].slice(0, LIMITS.idsPerAcknowledge);
      const had = await deleteAt(node, ofDevice.device, batch);
      if (had === null) return;
      settle(ofDevice, batch);
      if (had < batch.length && !ofDevice.isLast) noteMissing(node, ofDevice.device, batch);
    }
  };

  const tell = async (node: MailboxNode, signal: AbortSignal): Promise<void> => {
    const entries = owed.get(node.name) ?? new Map<string, OfDevice>();
    for (const [key, ofDevice] of entries) {
      if (!node.isUp() || signal.aborted) return;
      if (ofDevice.dueMs > performance.now()) continue;
      await tellOf(node, ofDevice, signal);
      if (ofDevice.ids.size === 0) entries.delete(key);
    }
  };
  const loop = startLoop('owed-deletes', log, { intervalMs: INTERVAL_MS }, async (signal) => {
    await Promise.all(nodes.map((node) => tell(node, signal)));
  });

  return {
    note: (node, device, ids) => enter(node, deviceKey(device), { device, dueMs: 0, isLast: false }, ids),
    noteMissing,
    countFor: (node) => [...(owed.get(node)?.values() ?? [])].reduce((sum, { ids }) => sum + ids.size, 0),
    [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose](),
  };
};
