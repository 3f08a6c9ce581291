import type { CommandContext } from './command.ts';

/** The context of a command that is this whole process. The first SIGINT or SIGTERM aborts it, a second one ends it. */
export const processContext = (args: readonly string[]): CommandContext => {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    args,
    environment: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
    paint: (text) => process.stdout.write(text),
    isTerminal: process.stdout.isTTY,
    signal: stop.signal,
  };
};
