export { newTestAccountKey, type TestAccountKey } from './account-key.ts';
export { startCouchProcesses, type TestCouchProcesses } from './couch-processes.ts';
export { askCouch, startCouches, type TestCouches } from './couch.ts';
export { EARLIER, EARLIER_VERSION, NOW_AND_EARLIER } from './earlier-version.ts';
export type { Pace } from './delay-line.ts';
export { startFaultProxy, type Fault, type FaultProxy, type Lossy } from './fault-proxy.ts';
export { newEnvelope, newMailbox } from './mail.ts';
export {
  mailboxNodeConfigs,
  startTestMesh,
  startTestNode,
  type TestMesh,
  type TestNode,
} from './mailbox-nodes.ts';
export { startNatsServers, type NatsServers } from './nats-servers.ts';
export { startObjectStore, type TestObjectStore } from './object-stores.ts';
export { mountSmallDisk, smallDiskHindrance, type SmallDisk } from './small-disk.ts';
export { anonymousMemoryMb, peakMemoryMb, residentMemoryMb } from './resident-memory.ts';
export { newTestKeys, type TestKeys } from './test-keys.ts';
export { waitFor } from './wait-for.ts';
