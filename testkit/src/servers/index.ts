export { delayHindrance, namespaceHindrance, type Mend } from './machine-network.ts';
export type { Server } from './server.ts';
export { startServers, type Servers, type ServersOptions } from './start-servers.ts';
