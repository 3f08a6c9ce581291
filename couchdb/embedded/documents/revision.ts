import { badRequest } from '../couch-error.ts';

const revisionPattern = /^\d{1,9}-[^\s"-]+$/;

export function isRevision(value: unknown): value is string {
  return typeof value === 'string' && revisionPattern.test(value);
}

export function parseRevision(value: unknown): string {
  if (!isRevision(value)) throw badRequest('Invalid rev format');
  return value;
}

export function parseRevisions(value: unknown): string[] {
  if (!Array.isArray(value)) throw badRequest('Invalid list of revisions');
  return value.map(parseRevision);
}

export function generationOf(rev: string): number {
  return Number.parseInt(rev, 10);
}
