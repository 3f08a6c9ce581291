import { formatSequence } from '../storage/sequence.ts';
import type { Databases } from '../storage/databases.ts';

/** What `GET /db` answers. */
export async function databaseInfo(databases: Databases, name: string) {
  const database = await databases.get(name);
  const { documents, deletedDocuments, updateSequence, fileBytes } = await database.statistics();
  return {
    db_name: name,
    instance_start_time: String(databases.createdAtSeconds(name)),
    update_seq: formatSequence(updateSequence, database.uuid),
    purge_seq: formatSequence(0, database.uuid),
    doc_count: documents,
    doc_del_count: deletedDocuments,
    sizes: { file: fileBytes, external: fileBytes, active: fileBytes },
    props: {},
    disk_format_version: 8,
    compact_running: database.isCompacting,
    cluster: { q: 1, n: 1, w: 1, r: 1 },
  };
}
