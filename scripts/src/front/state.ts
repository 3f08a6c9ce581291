import { readClusterState, type ClusterState } from '../state/cluster-state.ts';
import type { FrontConfig } from './config.ts';

const FRESH_MS = 1_000;

/** The cluster's state, asked of its parts at most once a second however many readers there are. */
export const watchState = (config: FrontConfig): (() => Promise<ClusterState>) => {
  let asked: Promise<ClusterState> | undefined;
  let askedAt = 0;
  return () => {
    if (asked === undefined || Date.now() - askedAt > FRESH_MS) {
      askedAt = Date.now();
      asked = readClusterState(config.masterUrls, config.mailboxNodeUrls);
    }
    return asked;
  };
};
