export { environment, readConfig, type Config } from './config.ts';
export { startMasterNode, type MasterNode } from './service.ts';
export type { Invite, Invites } from './directory/couch-invites.ts';
export { openInvites } from './directory/open-invites.ts';
export { createDirectorySignatures, type DirectorySignatures } from './directory/directory-signatures.ts';
export { allDevices, type AccountDevices } from './directory/all-devices.ts';
export { cellsOf, type Cell, type CellNode, type Placement } from './mailboxes/cell.ts';
