import * as z from 'zod/mini';

/** The own account may have other devices than before: ask `GET /api/devices`. Since version 3. */
export const devicesFrame = z.strictObject({ type: z.literal('devices') });
