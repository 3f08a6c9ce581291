import { ConfigError } from '@restante/service-kit';
import { compareMesh, replicatesFrom, type MeshComparison, type MeshScope } from './compare-mesh.ts';
import { inspectNode, type Inspection, type MeshNode } from './mesh-node.ts';

/**
 * What is there on each node, and how it differs from the mesh as it should be.
 *
 * @throws ConfigError when a server replicates from the node it is said to be: it is another node's
 */
export const inspectMesh = async (
  nodes: readonly MeshNode[],
  scope: MeshScope,
): Promise<{ readonly inspections: readonly Inspection[]; readonly mesh: MeshComparison }> => {
  const inspections = await Promise.all(nodes.map(inspectNode));
  const misnamed = inspections.find((inspection) => replicatesFrom(inspection, inspection.node.name, scope));
  if (misnamed !== undefined) {
    throw new ConfigError(
      `COUCHDB_URLS, COUCHDB_SELF_URLS and COUCHDB_PEERS: the server that they call ${misnamed.node.name} replicates from ${misnamed.node.name}, so it is another node's. Name the servers in the order of the nodes.`,
    );
  }
  return { inspections, mesh: compareMesh(inspections, scope, Date.now()) };
};
