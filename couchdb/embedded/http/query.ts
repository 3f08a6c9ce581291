import { badRequest, queryParseError } from '../couch-error.ts';

export function booleanOf(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name);
  if (value === null) return fallback;
  if (value === 'true' || value === 'false') return value === 'true';
  throw queryParseError(`Invalid boolean parameter: "${value}"`);
}

export function countOf(query: URLSearchParams, name: string, fallback: number): number {
  const value = query.get(name);
  if (value === null) return fallback;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw queryParseError(`Invalid value for positive integer: "${value}"`);
}

/** A parameter that carries JSON, undefined when it is absent. */
export function jsonOf(query: URLSearchParams, name: string): unknown {
  const value = query.get(name);
  if (value === null) return undefined;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw badRequest('invalid UTF-8 JSON');
  }
}
