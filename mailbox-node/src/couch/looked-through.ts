import { readKept, writeKept, type CouchServer, type ObjectStoreAddress } from '@restante/service-kit';
import { z } from 'zod';

/** How far a node has looked through an object store. */
const NAME = 'looked-through';

const kept = z.object({ endpoint: z.string(), bucket: z.string(), key: z.string() });

/** The key up to which a node has looked through a bucket of an object store, in its own database. Each throws as `couchRequest`. */
export const createLookedThrough = (
  server: CouchServer,
  node: string,
  { endpoint, bucket }: Pick<ObjectStoreAddress, 'endpoint' | 'bucket'>,
) => {
  const about = { node, database: node };
  return {
    /** Null: nothing is known of this bucket. */
    read: async (): Promise<string | null> => {
      const found = await readKept(server, about, NAME, kept);
      return found?.endpoint === endpoint && found.bucket === bucket ? found.key : null;
    },
    keep: (key: string): Promise<void> => writeKept(server, about, NAME, { endpoint, bucket, key }),
  };
};
