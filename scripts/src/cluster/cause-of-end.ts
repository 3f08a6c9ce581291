import { z } from 'zod';

const FRAME = /^\s+at |^\s*\^+\s*$|^Node\.js v|^\s*$/;
/** The line of an error that nobody caught, among the source and the stack that Node prints around it. */
const UNCAUGHT = /^(?:\w*Error|FATAL ERROR)\b.*: .+/;
const MOST_LINES = 12;

const isLogLine = (line: string): boolean => line.startsWith('{');

/** What a service's standard error says of its end: without stacks and log lines. Empty when it said nothing. */
export const causeOfEnd = (standardError: string): string => {
  const lines = standardError.split('\n').filter((line) => !isLogLine(line) && !FRAME.test(line));
  const uncaught = lines.findLast((line) => UNCAUGHT.test(line));
  return uncaught ?? lines.slice(-MOST_LINES).join('\n');
};

const complaint = z.object({ level: z.enum(['warn', 'error', 'fatal']), msg: z.string() });

/** What a log line complains of; undefined when it is none, or cut. */
const complaintIn = (line: string): string | undefined => {
  try {
    return complaint.safeParse(JSON.parse(line)).data?.msg;
  } catch {
    return undefined;
  }
};

/** The last complaint in a service's log: why it is not ready. Empty when there is none. */
export const lastComplaint = (output: string): string =>
  output
    .split('\n')
    .map(complaintIn)
    .findLast((found) => found !== undefined) ?? '';
