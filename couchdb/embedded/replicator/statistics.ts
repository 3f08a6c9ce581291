/** What a replication has done since it was started, as CouchDB names it. */
export interface ReplicationStatistics {
  docs_read: number;
  docs_written: number;
  doc_write_failures: number;
  revisions_checked: number;
  missing_revisions_found: number;
}

export function zeroStatistics(): ReplicationStatistics {
  return {
    docs_read: 0,
    docs_written: 0,
    doc_write_failures: 0,
    revisions_checked: 0,
    missing_revisions_found: 0,
  };
}

/** The statistics alone of something that has more. */
export function statisticsOf(progress: ReplicationStatistics): ReplicationStatistics {
  const { docs_read, docs_written, doc_write_failures, revisions_checked, missing_revisions_found } =
    progress;
  return { docs_read, docs_written, doc_write_failures, revisions_checked, missing_revisions_found };
}
