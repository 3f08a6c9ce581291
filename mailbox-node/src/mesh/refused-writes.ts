import { MESH_REFUSALS, type MeshRefusal } from './mesh-rule.ts';

export type RefusedCounts = Readonly<Record<MeshRefusal, number>>;

/** What this node's pulls were not allowed to write, by the peer that it came from, since the node was started. */
export type RefusedWrites = {
  readonly note: (peer: string, refusal: MeshRefusal) => void;
  readonly counts: () => Readonly<Record<string, RefusedCounts>>;
};

const none = (): Record<MeshRefusal, number> =>
  Object.fromEntries(Object.keys(MESH_REFUSALS).map((refusal) => [refusal, 0])) as Record<
    MeshRefusal,
    number
  >;

export const createRefusedWrites = (peers: readonly string[]): RefusedWrites => {
  const counts = new Map(peers.map((peer) => [peer, none()]));
  return {
    note: (peer, refusal) => {
      const ofPeer = counts.get(peer);
      if (ofPeer !== undefined) ofPeer[refusal] += 1;
    },
    counts: () => Object.fromEntries(counts),
  };
};
