export { createBusServer, NoBusServerError } from './bus-server.ts';
export { holdPorts } from './held-ports.ts';
export type { Couch, Link, Route } from './addresses.ts';
export {
  createClusterProcess,
  howItEnded,
  ProcessStartError,
  type ClusterProcess,
  type Exit,
  type ProcessState,
} from './cluster-process.ts';
export { DataInUseError } from './data-lock.ts';
export { removeFromCouch } from './remove-from-couch.ts';
export {
  couchEnvironment,
  frontEnvironment,
  mailboxNodeEnvironment,
  masterEnvironment,
  SCRIPTS,
  SMALL_HEAP,
  withCredentials,
  type Environment,
} from './roles.ts';
export { findRunningCluster, type RunningCluster } from './running-cluster.ts';
export { ensureSecrets, newPassword, type ClusterSecrets } from './secrets.ts';
export {
  startCluster,
  type Cluster,
  type ClusterEvent,
  type ClusterOptions,
  type ClusterPorts,
} from './start-cluster.ts';
