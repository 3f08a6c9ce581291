import { runService } from '@restante/service-kit';
import { readConfig } from './config.ts';
import { startMailboxNode } from './service.ts';

await runService('mailbox-node', async () => startMailboxNode(readConfig(process.env)));
