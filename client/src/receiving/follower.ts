import type { Envelope } from '@restante/protocol';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { isAway } from '../messenger-error.ts';
import { pause } from '../pause.ts';

/**
 * Mail without a master: listens to the arrivals at every mailbox node. Each time a node begins to listen the mailboxes
 * are read, so nothing between two connections is missed.
 */
export type Follower = {
  readonly follow: () => void;
  readonly unfollow: () => void;
};

export type FollowerDeps = {
  readonly nodeCount: () => number;
  readonly events: (node: number, signal: AbortSignal, onOpen: () => void) => AsyncIterable<Envelope>;
  readonly onEnvelope: (envelope: Envelope) => void;
  readonly onOpen: () => void;
  /** A node has answered what it should not; it is asked again. */
  readonly onFault: (error: unknown) => void;
  readonly backoff: Backoff;
};

export const createFollower = (deps: FollowerDeps): Follower => {
  let active: AbortController | null = null;

  const followNode = async (node: number, signal: AbortSignal): Promise<void> => {
    let failures = 0;
    const opened = (): void => {
      failures = 0;
      deps.onOpen();
    };
    const isWanted = (): boolean => !signal.aborted;
    while (isWanted()) {
      try {
        for await (const envelope of deps.events(node, signal, opened)) deps.onEnvelope(envelope);
      } catch (error) {
        // That a node is away is what the next attempt is for.
        if (isWanted() && !isAway(error)) deps.onFault(error);
      }
      failures += 1;
      await pause(backoffDelayMs(deps.backoff, failures, Math.random()), signal);
    }
  };

  return {
    follow: () => {
      if (active !== null) return;
      active = new AbortController();
      for (let node = 0; node < deps.nodeCount(); node += 1) void followNode(node, active.signal);
    },
    unfollow: () => {
      active?.abort();
      active = null;
    },
  };
};
