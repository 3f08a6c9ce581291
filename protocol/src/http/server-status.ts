import * as z from 'zod/mini';

/** `GET /api/status`, by anybody: whether to connect here. `degraded`: only when no other master is better off. */
export const serverStatus = z.object({ status: z.enum(['ok', 'degraded']) });
