import type { DeviceAddress, Downstream, Upstream } from '@restante/protocol';
import type { RateLimits } from '../rate-limits.ts';
import { createAcknowledge, type AcknowledgeDeps } from './acknowledge.ts';
import type { Bus } from './bus.ts';
import { assertListed } from './listed-sender.ts';
import type { Presence } from './presence.ts';
import { createSend, type SendDeps } from './send.ts';

/** What a frame of a device does; gives the frame that answers it, if any. `requestId` is that of the frame. */
export type Handle = (
  device: DeviceAddress,
  frame: Upstream,
  requestId: string,
) => Promise<Downstream | null>;

export type HandleDeps = SendDeps &
  AcknowledgeDeps & {
    readonly bus: Bus;
    readonly show: Presence['show'];
    readonly rateLimits: Pick<RateLimits, 'messages' | 'signals' | 'acknowledged' | 'receipts'>;
  };

/** @throws ServiceError (the handler that is given) for frames other than `send` */
export const createHandle = (deps: HandleDeps): Handle => {
  const send = createSend(deps);
  const acknowledge = createAcknowledge(deps);
  return async (device, frame, requestId) => {
    switch (frame.type) {
      case 'send':
        return send(device, frame, requestId);
      case 'acknowledge':
        await deps.rateLimits.acknowledged.take(device, frame.messages.length);
        return acknowledge(device, frame, requestId);
      case 'typing':
        await deps.rateLimits.signals.take(device);
        await assertListed(device, deps.deviceSets);
        deps.bus.publish({ kind: 'typing', from: device.accountId, to: frame.to, active: frame.active });
        return null;
      case 'presence':
        await deps.rateLimits.signals.take(device);
        await assertListed(device, deps.deviceSets);
        deps.show(device, frame);
        return null;
      case 'ping':
        return { type: 'pong', serverTime: deps.now() };
      default:
        return frame satisfies never;
    }
  };
};
