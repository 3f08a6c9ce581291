import { runCommand } from './cli/command.ts';
import { processContext } from './cli/process-context.ts';
import { start } from './commands/start.ts';

process.exitCode = await runCommand(start, processContext(process.argv.slice(2)));
