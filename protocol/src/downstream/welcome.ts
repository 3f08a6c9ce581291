import * as z from 'zod/mini';
import { accountId, deviceId, timestamp } from '../ids.ts';

/** First frame of every connection. */
export const welcome = z.object({
  type: z.literal('welcome'),
  protocolVersion: z.int().check(z.positive()),
  accountId,
  deviceId,
  /** The server's clock: what a client's offset is measured against. */
  serverTime: timestamp,
  limits: z.object({
    payloadBytes: z.int().check(z.positive()),
    frameBytes: z.int().check(z.positive()),
    messageTtlMs: z.int().check(z.positive()),
    /** A client that hears nothing for this long has lost its connection. */
    silenceMs: z.int().check(z.positive()),
  }),
});
export type Welcome = z.infer<typeof welcome>;
