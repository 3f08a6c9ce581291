export {
  comparePulls,
  needlessPulls,
  type ComparedPull,
  type MeshStep,
  type StoredReplication,
} from './compared.ts';
export { createDatabases, type Databases } from './databases.ts';
export {
  parseReplicationId,
  replicationIdPrefix,
  wantedPulls,
  type ReplicationDocument,
  type WantedPull,
} from './wanted.ts';
