import { applyStep } from '@restante/mailbox-node/replicator';
import type { MeshAction } from './compare-mesh.ts';
import { explainNodeError, withAdmin, type MeshNode } from './mesh-node.ts';

/**
 * Carries the actions out, those of different nodes side by side. Resolves with one line per node that failed.
 */
export const applyMesh = async (
  nodes: readonly MeshNode[],
  actions: readonly MeshAction[],
): Promise<string[]> => {
  const failures = await Promise.all(
    nodes.map(async (node) => {
      try {
        await withAdmin(node, async (server) => {
          for (const action of actions.filter((one) => one.node === node.name)) {
            await applyStep(server, action);
          }
        });
        return [];
      } catch (error) {
        return [explainNodeError(node, error)];
      }
    }),
  );
  return failures.flat();
};
