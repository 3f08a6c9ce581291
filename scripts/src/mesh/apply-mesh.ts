import { hasStatus, type CouchServer } from '@restante/service-kit';
import type { MeshAction } from './compare-mesh.ts';
import { explainNodeError, withAdmin, type MeshNode } from './mesh-node.ts';

const apply = async (server: CouchServer, { id, action, stored, desired }: MeshAction): Promise<void> => {
  const at = { db: '_replicator', path: encodeURIComponent(id) };
  const isReplaced = action === 'restart' || action === 'remove';
  if (stored !== null && isReplaced) {
    await server.request({ ...at, method: 'DELETE', qs: { rev: stored._rev } });
  }
  if (desired === null) return;
  const body = stored !== null && !isReplaced ? { ...desired, _rev: stored._rev } : desired;
  await server.request({ ...at, method: 'PUT', body });
};

/**
 * Carries the actions out, those of different nodes side by side. Somebody else may write the same document at the
 * same moment, a mailbox node for one: that is no failure, the next look tells. Resolves with one line per node
 * that failed.
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
            await apply(server, action).catch((error: unknown) => {
              if (!hasStatus(error, 409) && !hasStatus(error, 404)) throw error;
            });
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
