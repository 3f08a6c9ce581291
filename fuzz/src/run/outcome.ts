/** What became of an input. */
export type Outcome = {
  /** The status of the answer, the frame that answered, or how the connection ended. */
  readonly answer: string;
  /** Until the answer began, or the connection ended. */
  readonly latencyMs: number;
  /** `internal`: an answer of 500, or the error of that code. `unanswered`: none came in time though one was due. */
  readonly fault: 'internal' | 'unanswered' | null;
};

/** Longer than any deadline within the services. */
export const DEADLINE_MS = 15_000;

export const outcomeOf = (answer: string, sinceMs: number): Outcome => ({
  answer,
  latencyMs: performance.now() - sinceMs,
  fault: /^500$|\binternal\b|\b1011$/.test(answer) ? 'internal' : null,
});

export const unanswered = (sinceMs: number): Outcome => ({
  answer: 'unanswered',
  latencyMs: performance.now() - sinceMs,
  fault: 'unanswered',
});
