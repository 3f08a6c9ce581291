import { runService } from '@restante/service-kit';
import { readConfig } from './config.ts';
import { startMasterNode } from './service.ts';

await runService('master-node', () => startMasterNode(readConfig(process.env)));
