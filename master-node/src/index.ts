export { environment, readConfig, type Config } from './config.ts';
export { startMasterNode, type MasterNode } from './service.ts';
export { createDirectorySignatures, type DirectorySignatures } from './directory/directory-signatures.ts';
