import { runService } from '@restante/service-kit';
import { readConfig } from './config.ts';
import { startWatch } from './service.ts';

await runService('watch', () => startWatch(readConfig(process.env)));
