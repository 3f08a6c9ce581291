/** `npm run fuzz`: what nobody should send, at everything that listens. */
import { processContext, runCommand } from '@restante/scripts/cli';
import { fuzz } from './command/fuzz.ts';

const code = await runCommand(fuzz, processContext(process.argv.slice(2)));
// A run that was stopped in its middle goes on otherwise; services end with this process.
process.exit(code);
