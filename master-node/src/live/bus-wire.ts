import {
  accountId,
  deviceId,
  downstream,
  heardSealedMessage,
  LIMITS,
  rendezvousId,
  rendezvousSlot,
  type Downstream,
} from '@restante/protocol';
import { z } from 'zod';
import type { BusEvent, MasterId } from './bus.ts';
import type { Beat } from './bus-peers.ts';

/** What travels between masters: JSON, read as if anybody could have written it. */
export type BusMessage =
  { readonly from: MasterId; readonly event: BusEvent } | { readonly from: MasterId; readonly beat: Beat };

const PUSHED: ReadonlySet<Downstream['type']> = new Set(['envelope', 'receipt', 'keys-low']);

const device = z.object({ accountId, deviceId });
const count = z.int().nonnegative();
const masterId = z.string().regex(/^[\w-]{16}$/);

const sealed = heardSealedMessage.shape.sealed;
const asked = { inbox: z.uuid(), number: count };

const event = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('to-device'),
    to: device,
    frame: downstream.check(z.refine(({ type }) => PUSHED.has(type), 'is not for another master')),
  }),
  z.object({ kind: z.literal('typing'), from: accountId, to: accountId, active: z.boolean() }),
  z.object({
    kind: z.literal('presence'),
    device,
    state: z.enum(['online', 'away', 'offline']),
    to: accountId,
    round: count,
  }),
  z.object({ kind: z.literal('presence-wanted'), of: accountId, by: accountId }),
  z.object({ kind: z.literal('presence-lost'), of: masterId }),
  z.object({ kind: z.literal('presence-told'), round: count }),
  z.object({ kind: z.literal('connected'), device, connectionId: z.string().min(1).max(64) }),
  z.object({ kind: z.literal('devices-changed'), accountId }),
  z.object({
    ...{ kind: z.literal('rendezvous-asked'), rendezvous: rendezvousId, ...asked },
    question: z.object({ slot: rendezvousSlot, sealed }),
  }),
  z.object({
    ...{ kind: z.literal('rendezvous-answered'), ...asked },
    answer: z.discriminatedUnion('is', [
      z.object({ is: z.literal('read'), sealed }),
      z.object({ is: z.enum(['written', 'slot-taken', 'not-found']) }),
    ]),
  }),
]);

const message = z.union([
  z.object({ from: masterId, event }),
  z.object({ from: masterId, beat: z.object({ number: count, published: count, isLast: z.boolean() }) }),
]);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const encodeBusMessage = (given: BusMessage): Uint8Array => encoder.encode(JSON.stringify(given));

/** Null when it is not what a master of this release says. */
export const decodeBusMessage = (bytes: Uint8Array): BusMessage | null => {
  if (bytes.length > LIMITS.frameBytes) return null;
  try {
    return message.safeParse(JSON.parse(decoder.decode(bytes))).data ?? null;
  } catch {
    return null;
  }
};
