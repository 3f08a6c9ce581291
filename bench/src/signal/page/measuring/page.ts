import { signalRatchet } from '@restante/client/signal';
import { measureRatchet, type RatchetFigures } from '../../measure-ratchet.ts';

/** What the process that drives the page calls. */
export type MeasuringPage = { readonly measure: (messages: number) => Promise<RatchetFigures> };

Object.assign(globalThis, {
  measure: (messages) => measureRatchet(signalRatchet(), messages),
} satisfies MeasuringPage);
