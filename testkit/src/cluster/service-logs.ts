import { readFile, stat } from 'node:fs/promises';
import type { ClusterProcess } from '@restante/scripts/cluster';

/** What services log of errors that nobody in them had foreseen. */
export type ServiceLogs = {
  /** Each once, by who said it. */
  readonly unforeseen: () => Promise<string[]>;
};

type Mark = { readonly size: number; readonly file: number };

const NOTHING: Mark = { size: 0, file: 0 };

const markOf = async (file: string): Promise<Mark> => {
  try {
    const { size, ino } = await stat(file);
    return { size, file: ino };
  } catch {
    return NOTHING;
  }
};

const from = async (file: string, start: number): Promise<string> => {
  try {
    return (await readFile(file)).subarray(start).toString('utf8');
  } catch {
    return '';
  }
};

/** What was written after a mark. A file that is full has become `<file>.1`, and another has begun. */
const since = async (file: string, mark: Mark): Promise<string> =>
  (await markOf(file)).file === mark.file
    ? from(file, mark.size)
    : (await from(`${file}.1`, mark.size)) + (await from(file, 0));

type LoggedError = {
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
};
type LogLine = {
  readonly level?: string;
  readonly event?: string;
  readonly code?: string;
  readonly err?: LoggedError & { readonly code?: string };
  readonly error?: string;
  readonly place?: string;
};

const parsed = (line: string): LogLine => {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return {};
  }
};

const deepest = (error: LoggedError): LoggedError => (error.cause ? deepest(error.cause) : error);

/** An error of no known kind that reached the last one who catches: in a service `internal`, in the embedded engine by its own name. */
export const unforeseenIn = (line: string): string | null => {
  const { level, event, code, err, error, place } = parsed(line);
  if (event === 'unexpected failure') return [event, error, place].filter(Boolean).join(' ');
  if (level !== 'error' || (code ?? err?.code) !== 'internal') return null;
  const { name, message, stack } = deepest(err ?? {});
  return [event, name, message, stack?.split('\n')[1]?.trim()].filter(Boolean).join(' ');
};

/** From now on. */
export const followLogs = async (processes: readonly ClusterProcess[]): Promise<ServiceLogs> => {
  const marks = new Map(
    await Promise.all(processes.map(async ({ logFile }) => [logFile, await markOf(logFile)] as const)),
  );
  return {
    unforeseen: async () => {
      const found = new Set<string>();
      for (const { name, logFile } of processes) {
        const text = await since(logFile, marks.get(logFile) ?? NOTHING);
        for (const line of text.split('\n')) {
          const error = unforeseenIn(line);
          if (error !== null) found.add(`${name}: ${error}`);
        }
      }
      return [...found];
    },
  };
};
