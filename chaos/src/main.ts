/** `npm run chaos`: people talk while everything fails that can, and what happened is held against the laws. */
import { processContext, runCommand } from '@restante/scripts/cli';
import { chaos } from './command/chaos.ts';

process.exitCode = await runCommand(chaos, processContext(process.argv.slice(2)));
