import type { DeviceAddress } from '@restante/protocol';
import type { Logger } from '@restante/service-kit';
import type { Directory } from '../directory/directory.ts';
import type { Metrics } from '../metrics.ts';
import type { Bus } from './bus.ts';
import { deviceKey } from './device-key.ts';

/** Fewer one-time keys of a kind than this are few. */
const LOW_WATER = 20;

/** Tells a device that its one-time keys run out: asked when it connects, and when some have been handed out. */
export type KeyStockWatch = { readonly check: (device: DeviceAddress) => void };

export const createKeyStockWatch = (
  directory: Pick<Directory, 'keyStock'>,
  bus: Bus,
  { log, metrics }: { readonly log: Logger; readonly metrics: Pick<Metrics, 'keyStock' | 'keysLow'> },
): KeyStockWatch => {
  const checking = new Set<string>();
  const check = async (device: DeviceAddress): Promise<void> => {
    const stock = await directory.keyStock(device);
    if (!stock) return;
    metrics.keyStock.observe({ kind: 'ec' }, stock.preKeys);
    metrics.keyStock.observe({ kind: 'kyber' }, stock.kyberPreKeys);
    if (Math.min(stock.preKeys, stock.kyberPreKeys) >= LOW_WATER) return;
    metrics.keysLow.inc();
    bus.publish({ kind: 'to-device', to: device, frame: { type: 'keys-low', stock } });
  };
  return {
    check: (device) => {
      const key = deviceKey(device);
      if (checking.has(key)) return;
      checking.add(key);
      check(device)
        .catch((error: unknown) => log.debug({ event: 'key-stock-unknown', err: error }, 'no stock was read'))
        .finally(() => checking.delete(key));
    },
  };
};
