import * as z from 'zod/mini';
import { keyStock } from '../http/keys.ts';

/** This device's stock of one-time pre-keys runs out: upload new ones. */
export const keysLow = z.object({ type: z.literal('keys-low'), stock: keyStock });
export type KeysLow = z.infer<typeof keysLow>;
