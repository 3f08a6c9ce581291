import * as z from 'zod/mini';
import { acknowledge } from './acknowledge.ts';
import { ping } from './ping.ts';
import { presenceUp } from './presence.ts';
import { send } from './send.ts';
import { typingUp } from './typing.ts';

/** Every frame that a client sends, by its type. */
export const upstreamFrames = { send, acknowledge, typing: typingUp, presence: presenceUp, ping };

export const upstream = z.discriminatedUnion('type', [send, acknowledge, typingUp, presenceUp, ping]);
export type Upstream = z.infer<typeof upstream>;
