export { delayHindrance, namespaceHindrance } from './machine-network.ts';
export type { Server } from './server.ts';
export { startServers, type Servers } from './start-servers.ts';
