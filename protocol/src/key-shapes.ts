import * as z from 'zod/mini';
import { base64 } from './ids.ts';

/** 33 bytes. */
export const curveKey = base64(44).check(z.length(44));

/** Number of a device's keys: tells a device that was set up anew. */
export const registrationId = z.int().check(z.minimum(1), z.maximum(0x3fff));
