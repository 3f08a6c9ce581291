import { createLog, runService } from '@restante/service-kit';
import { readConfig } from './config.ts';
import { startFront } from './service.ts';

await runService('front', async () => {
  const log = createLog('front', process.env['LOG_LEVEL'] ?? 'info');
  const front = await startFront(readConfig(process.env), log);
  log.info({ event: 'listening', url: front.url }, `listening on ${front.url}`);
  return front;
});
