import { messageTo, type Device } from './device.ts';
import { newPayload } from './envelopes.ts';

/** Milliseconds from `send` to the `envelope` frame of another device, and to the sender's `accepted`. */
export const pushOnce = async (
  from: Device,
  to: Device,
): Promise<{ pushedMs: number; acceptedMs: number }> => {
  const payload = newPayload();
  const [pushed, accepted] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  to.onFrame = (frame, arrivedAt) => {
    if (frame.type === 'envelope' && frame.envelope.payload === payload) pushed.resolve(arrivedAt);
  };
  from.onFrame = (frame, arrivedAt) => {
    if (frame.type === 'accepted') accepted.resolve(arrivedAt);
    if (frame.type === 'refused') accepted.reject(new Error(`refused: ${frame.error.code}`));
  };
  const frame = messageTo(to, payload);
  const sentAt = performance.now();
  from.send(frame);
  const [pushedAt, acceptedAt] = await Promise.all([pushed.promise, accepted.promise]);
  return { pushedMs: pushedAt - sentAt, acceptedMs: acceptedAt - sentAt };
};
