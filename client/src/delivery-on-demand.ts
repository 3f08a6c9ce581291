import { codeOnDemand } from './code-on-demand.ts';
import type { ConnectionState } from './connection/machine.ts';
import type { Delivery, DeliveryDeps } from './delivery.ts';

/** Delivery that is there from its first start on: its code, a third of the messenger's, is for who has an account. */
export type DeliveryOnDemand = Omit<Delivery, 'start'> & {
  /** Throws MessengerError `unreachable` when the code cannot be fetched; may be tried again. */
  readonly start: () => Promise<void>;
};

export const deliveryCode = codeOnDemand(() => import('./delivery.ts'));

export const deliveryOnDemand = (deps: DeliveryDeps): DeliveryOnDemand => {
  let delivery: Delivery | null = null;
  /** Until there is one. */
  let before: ConnectionState = { name: 'offline' };
  /** Those who were stopped, or closed, while the code was fetched do not start. */
  let starts = 0;

  return {
    start: async () => {
      starts += 1;
      const start = starts;
      const { createDelivery } = await deliveryCode();
      if (start !== starts || before.name === 'closed') return;
      delivery ??= createDelivery(deps);
      delivery.start();
    },
    stop: () => {
      starts += 1;
      delivery?.stop();
    },
    close: () => {
      if (delivery !== null) {
        delivery.close();
        return;
      }
      if (before.name === 'closed') return;
      before = { name: 'closed' };
      deps.events.emit('connection', before);
    },
    state: () => delivery?.state() ?? before,
    refresh: () => (delivery === null ? deps.store.retryNow() : delivery.refresh()),
    pump: () => delivery?.pump(),
    pumpUploads: () => delivery?.pumpUploads(),
    pumpHistory: () => delivery?.pumpHistory(),
    tellProfile: () => delivery?.tellProfile(),
    keepHouse: () => delivery?.keepHouse(),
  };
};
