import * as z from 'zod/mini';
import { timestamp } from '../ids.ts';

export const pong = z.object({ type: z.literal('pong'), serverTime: timestamp });
