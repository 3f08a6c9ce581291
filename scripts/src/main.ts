import { runCommand, type Command } from './cli/command.ts';
import { processContext } from './cli/process-context.ts';

/** A command is loaded when it is called: the image that sets up the mesh has no build tools. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./commands/start.ts')).start,
  demo: async () => (await import('./commands/demo.ts')).demo,
  'setup-replication': async () => (await import('./commands/setup-replication.ts')).setupReplication,
  status: async () => (await import('./commands/status.ts')).status,
  fill: async () => (await import('./commands/fill.ts')).fill,
  knock: async () => (await import('./commands/knock.ts')).knock,
  'confirm-clock': async () => (await import('./commands/confirm-clock.ts')).confirmClock,
  conflicts: async () => (await import('./commands/conflicts.ts')).conflicts,
  invites: async () => (await import('./commands/invites.ts')).invites,
  'object-store': async () => (await import('./commands/object-store.ts')).objectStore,
  'move-accounts': async () => (await import('./commands/move-accounts.ts')).moveAccounts,
  'verify-messenger': async () => (await import('./commands/verify-messenger.ts')).verifyMessenger,
};

const [name = '', ...args] = process.argv.slice(2);
const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (load === undefined) {
  const known = await Promise.all(
    Object.entries(COMMANDS).map(async ([each, find]) => [each, await find()] as const),
  );
  const lines = known.map(([each, { summary }]) => `  ${each.padEnd(20)}${summary}`);
  process.stderr.write(`Usage: node scripts/src/main.ts <command> [options]\n\n${lines.join('\n')}\n`);
  process.exit(2);
}
process.exitCode = await runCommand(await load(), processContext(args));
