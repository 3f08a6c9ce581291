import type { BrowserContext } from 'playwright-core';

/**
 * What goes wrong in the pages of a context and their workers: errors and warnings on the console (violations of the
 * content security policy among them), uncaught exceptions and rejections.
 */
export type Complaints = {
  /** These are no faults of the page, before and from now on. */
  readonly expect: (...patterns: readonly RegExp[]) => void;
  /** All others. */
  readonly unexpected: () => readonly string[];
};

/** What Chromium itself says when a server or the network is away, or a request is refused. */
export const NETWORK_FAILURES: readonly RegExp[] = [
  /^Failed to load resource: /,
  /^WebSocket connection to '.*' failed/,
  /net::ERR_/,
];

/**
 * What comes of the tests themselves: a page that is no page of the messenger, and a context without service workers. And what Chromium
 * says of the first answer to who wants an account, which asks for work.
 */
const OWN: readonly RegExp[] = [
  /\/favicon\.ico\)$/,
  /^Service Worker registration blocked by Playwright/,
  /^Failed to load resource: .* 428 /,
];

export const listenForComplaints = (context: BrowserContext): Complaints => {
  const complaints: string[] = [];
  const expected = [...OWN];
  context.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    complaints.push(`${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (thrown) => {
    const { name, message, stack = '' } = thrown.error();
    // A DOMException has no stack.
    complaints.push(`${name}: ${message} ${stack}`);
  });
  return {
    expect: (...patterns) => void expected.push(...patterns),
    unexpected: () => complaints.filter((text) => !expected.some((pattern) => pattern.test(text))),
  };
};
