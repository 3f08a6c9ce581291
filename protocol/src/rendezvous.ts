import * as z from 'zod/mini';
import { messageId, type Id } from './ids.ts';
import { mintMessageId } from './message-id.ts';

/**
 * A place at a master where a new device and one of its account leave a sealed message for each other, once each. Nobody can guess its id, and
 * everybody sees by that when it ends.
 */
export type RendezvousId = Id<'rendezvous'>;

/** A UUIDv7 that a master has minted: 48 bits of its time, and 74 random ones. */
export const rendezvousId: z.ZodMiniType<RendezvousId, string> = messageId;

/** So long after the time in its id it is there. */
export const RENDEZVOUS_MS = 5 * 60 * 1000;

/** `random` is 10 random bytes. */
export const mintRendezvousId = (timeMs: number, random: Uint8Array): RendezvousId =>
  mintMessageId(timeMs, random);

/** Its messages: each is written once. `second` is the answer to `first`, where there is one. */
export const rendezvousSlot = z.enum(['first', 'second']);
export type RendezvousSlot = z.infer<typeof rendezvousSlot>;
