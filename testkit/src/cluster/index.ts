export { startAddedCell, type AddedCell } from './added-cell.ts';
export { clockShift, clockShiftOf, movableClock, type MovableClock } from './clock-shift.ts';
export {
  conflictsOf,
  databasesOf,
  envelopesOf,
  isLive,
  isSameMail,
  leavesOf,
  placeOf,
  waitingOf,
  type Leaves,
  type Place,
} from './couch-state.ts';
export { startDoomedClient, type DoomedClient } from './doomed-client.ts';
export { attemptsAt } from './gates.ts';
export { ledgersOf, type Ledger } from './ledger.ts';
export type { Links } from './links.ts';
export { metricOf } from './metrics.ts';
export { openMailbox, type Mailbox } from './mailbox.ts';
export {
  createPerson,
  TEST_PACE,
  TEST_PASSWORD,
  type Addressed,
  type Person,
  type PersonOptions,
} from './person.ts';
export { followLogs, type ServiceLogs } from './service-logs.ts';
export { startTestCluster, type TestCluster, type TestClusterOptions } from './test-cluster.ts';
export { filesWithText } from './text-search.ts';
export { filteredWebSocket, openWire, type Wire } from './wire.ts';
export { fillVault } from './long-history.ts';
