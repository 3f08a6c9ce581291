export { environment, readConfig, type Config } from './config.ts';
export { startMasterNode, type MasterNode } from './service.ts';
