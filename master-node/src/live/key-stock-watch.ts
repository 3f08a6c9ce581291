import type { DeviceAddress, KeyStock } from '@restante/protocol';
import type { Logger } from '@restante/service-kit';
import type { Directory } from '../directory/directory.ts';
import { isLow } from '../directory/key-page.ts';
import type { Metrics } from '../metrics.ts';
import type { Bus } from './bus.ts';

/** Tells a device that its one-time keys run out. */
export type KeyStockWatch = {
  /** When some have been handed out: what is left. */
  readonly note: (device: DeviceAddress, stock: KeyStock) => void;
  /** When it connects and its keys are known to be few. */
  readonly remind: (device: DeviceAddress) => void;
};

export const createKeyStockWatch = (
  directory: Pick<Directory, 'keyStock'>,
  bus: Bus,
  { log, metrics }: { readonly log: Logger; readonly metrics: Pick<Metrics, 'keyStock' | 'keysLow'> },
): KeyStockWatch => {
  const note = (device: DeviceAddress, stock: KeyStock): void => {
    metrics.keyStock.observe({ kind: 'ec' }, stock.preKeys);
    metrics.keyStock.observe({ kind: 'kyber' }, stock.kyberPreKeys);
    if (!isLow(stock)) return;
    metrics.keysLow.inc();
    bus.publish({ kind: 'to-device', to: device, frame: { type: 'keys-low', stock } });
  };
  return {
    note,
    remind: (device) => {
      directory.keyStock(device).then(
        (stock) => stock && note(device, stock),
        (error: unknown) => log.debug({ event: 'key-stock-unknown', err: error }, 'no stock was read'),
      );
    },
  };
};
