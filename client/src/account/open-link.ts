import { RENDEZVOUS_MS, type RendezvousId } from '@restante/protocol';
import { linkEnded } from './sealed-messages.ts';

/** The one code that this device has shown or taken last. It is in memory alone: whoever begins anew makes another one. */
export type OpenLink<About> = {
  /** Ends the one before. `endsInMs`: of what a server says five minutes count at most. */
  readonly begin: (link: RendezvousId, about: About, endsInMs?: number) => Entry<About>;
  /** Throws `link-ended`. */
  readonly get: (link: RendezvousId) => Entry<About>;
  readonly end: () => void;
};

type Entry<About> = {
  readonly link: RendezvousId;
  readonly about: About;
  readonly hasEnded: () => boolean;
  readonly signal: AbortSignal;
};

/** `monotonic`: milliseconds since any moment, by a clock that nobody sets. */
export const createOpenLink = <About>(monotonic: () => number): OpenLink<About> => {
  let open: Entry<About> | null = null;
  let over = new AbortController();
  const end = (): void => {
    over.abort();
    open = null;
  };
  return {
    begin: (link, about, endsInMs = RENDEZVOUS_MS) => {
      end();
      over = new AbortController();
      const endsAt = monotonic() + Math.min(endsInMs, RENDEZVOUS_MS);
      open = { link, about, hasEnded: () => monotonic() >= endsAt, signal: over.signal };
      return open;
    },
    get: (link) => {
      if (open?.link !== link) throw linkEnded();
      return open;
    },
    end,
  };
};
