import { z } from 'zod';
import { accountId, deviceId, timestamp } from '../ids.ts';

/** First frame of every connection. */
export const welcome = z.strictObject({
  type: z.literal('welcome'),
  protocolVersion: z.int().positive(),
  accountId,
  deviceId,
  /** The server's clock: what a client's offset is measured against. */
  serverTime: timestamp,
  limits: z.strictObject({
    payloadBytes: z.int().positive(),
    frameBytes: z.int().positive(),
    messageTtlMs: z.int().positive(),
    /** A client that hears nothing for this long has lost its connection. */
    silenceMs: z.int().positive(),
  }),
});
export type Welcome = z.infer<typeof welcome>;
