import { runCommand, type Command } from './cli/command.ts';
import { processContext } from './cli/process-context.ts';
import { conflicts } from './commands/conflicts.ts';
import { demo } from './commands/demo.ts';
import { setupReplication } from './commands/setup-replication.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { verifyMessenger } from './commands/verify-messenger.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  start,
  demo,
  'setup-replication': setupReplication,
  status,
  conflicts,
  'verify-messenger': verifyMessenger,
};

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command === undefined) {
  const names = Object.entries(COMMANDS).map(([known, { summary }]) => `  ${known.padEnd(20)}${summary}`);
  process.stderr.write(`Usage: node scripts/src/main.ts <command> [options]\n\n${names.join('\n')}\n`);
  process.exit(2);
}
process.exitCode = await runCommand(command, processContext(args));
