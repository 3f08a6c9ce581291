import { runCommand, type Command } from '../cli/command.ts';
import type { CliRun } from './run-cli.ts';

/** Calls a command in this process, as its own process would, and collects what it writes. */
export const callCommand = async (
  command: Command,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CliRun> => {
  let out = '';
  let err = '';
  const code = await runCommand(command, {
    args,
    environment,
    print: (line) => (out += `${line}\n`),
    complain: (line) => (err += `${line}\n`),
    paint: (text) => (out += text),
    isTerminal: false,
    signal: new AbortController().signal,
  });
  return { code, out, err };
};
