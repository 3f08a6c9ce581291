import type { Request } from 'express';

export function revisionTag(rev: string): string {
  return `"${rev}"`;
}

/** Whether the client has this already. */
export function isFresh(request: Request, tag: string): boolean {
  const known = request.headers['if-none-match'];
  return known !== undefined && known.split(',').some((candidate) => candidate.trim() === tag);
}
