import * as z from 'zod/mini';
import { accepted } from './accepted.ts';
import { acknowledged } from './acknowledged.ts';
import { catchUp } from './catch-up.ts';
import { devicesFrame } from './devices.ts';
import { envelopeFrame } from './envelope.ts';
import { errorFrame } from './error.ts';
import { keysLow } from './keys-low.ts';
import { pong } from './pong.ts';
import { presenceDown } from './presence.ts';
import { receipt } from './receipt.ts';
import { refused } from './refused.ts';
import { typingDown } from './typing.ts';
import { welcome } from './welcome.ts';

/** Every frame that a master sends, by its type. */
export const downstreamFrames = {
  welcome,
  accepted,
  refused,
  acknowledged,
  envelope: envelopeFrame,
  'catch-up': catchUp,
  receipt,
  typing: typingDown,
  presence: presenceDown,
  'keys-low': keysLow,
  devices: devicesFrame,
  pong,
  error: errorFrame,
};

export const downstream = z.discriminatedUnion('type', [
  welcome,
  accepted,
  refused,
  acknowledged,
  envelopeFrame,
  catchUp,
  receipt,
  typingDown,
  presenceDown,
  keysLow,
  devicesFrame,
  pong,
  errorFrame,
]);
export type Downstream = z.infer<typeof downstream>;
