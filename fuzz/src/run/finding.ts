import type { Input } from '../inputs/input.ts';

/** What should not have happened. */
export type Finding = {
  readonly kind: 'crash' | 'internal' | 'unanswered' | 'late' | 'memory' | 'log' | 'people';
  readonly what: string;
  /** Numbers of the inputs after which it happened; none when it is of the whole run. */
  readonly indexes: readonly number[];
  /** With as few changes as show it; null: of the whole run, or it did not happen again. */
  readonly smallest: Input | null;
};

const MAX_CHARACTERS = 2_000;

const shown = (text: string): string =>
  text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}... (${text.length} characters)`;

/** Bytes as the text of a JSON string, so that everything can be seen. */
const bytesShown = (bytes: Buffer): string => shown(JSON.stringify(bytes.toString('latin1')));

/** An input, in lines. */
export const describeInput = (input: Input): string[] => {
  switch (input.kind) {
    case 'requests': {
      const headers = Object.entries(input.headers).map(([name, value]) => shown(`${name}: ${value}`));
      const body = input.body === null ? [] : [bytesShown(input.body)];
      return [shown(`${input.method} ${input.path} to ${input.to}`), ...headers, ...body];
    }
    case 'bytes':
      return [`to ${input.to}: ${bytesShown(input.bytes)}`];
    case 'frames':
      return [`frame (${input.as}) to ${input.to}: ${bytesShown(input.payload)}`];
    case 'documents':
      return [
        `into ${input.database}: ${shown(JSON.stringify(input.documents))}`,
        ...input.readers.map(({ method, path, to }) => `then ${method} ${path} to ${to}`),
      ];
    default:
      return input satisfies never;
  }
};
