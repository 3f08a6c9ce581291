import { ConfigError } from '@restante/service-kit';
import { compareMesh, isOfAnotherNode, type MeshComparison, type MeshScope } from './compare-mesh.ts';
import { inspectNode, type Inspection, type MeshNode, type MeshPeer } from './mesh-node.ts';

/**
 * What is there on each node, and how it differs from the mesh as it should be. `elsewhere`: further nodes that these pull from.
 *
 * @throws ConfigError when the CouchDB that is said to be a node's is another one's
 */
export const inspectMesh = async (
  nodes: readonly MeshNode[],
  elsewhere: readonly MeshPeer[],
  scope: MeshScope,
): Promise<{ readonly inspections: readonly Inspection[]; readonly mesh: MeshComparison }> => {
  const inspections = await Promise.all(nodes.map(inspectNode));
  const misnamed = inspections.find((inspection) => isOfAnotherNode(inspection, nodes, scope));
  if (misnamed !== undefined) {
    throw new ConfigError(
      `COUCHDB_URLS, MESH_SELF_URLS and MESH_PEERS: by its replications the CouchDB that they give to ${misnamed.node.name} is another node's. Name all in the order of the nodes.`,
    );
  }
  return { inspections, mesh: compareMesh(inspections, elsewhere, scope, Date.now()) };
};
