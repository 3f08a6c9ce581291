import { runService } from '@restante/service-kit';
import { readConfig } from './config.ts';
import { startMailboxNode } from './service.ts';

await runService(async () => startMailboxNode(readConfig(process.env)));
