import * as z from 'zod/mini';
import { errorBody } from '../errors.ts';

/** A frame that is not a `send` was refused, or the connection ends with this code. */
export const errorFrame = z.object({ type: z.literal('error'), error: errorBody });
