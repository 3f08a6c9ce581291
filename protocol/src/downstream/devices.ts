import * as z from 'zod/mini';

/** The own account may have other devices than before: ask `GET /api/devices`. Since version 3. */
export const devicesFrame = z.object({ type: z.literal('devices') });
