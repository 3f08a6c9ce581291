/** `npm run chaos`: people talk while everything fails that can, and what happened is held against the laws. */
import { processContext, runCommand } from '@restante/scripts/cli';
import { chaos } from './command/chaos.ts';

const code = await runCommand(chaos, processContext(process.argv.slice(2)));
// A run that was stopped in its middle goes on otherwise; services and devices end with this process.
process.exit(code);
