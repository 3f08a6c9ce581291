export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy without some of its members. */
export function without(value: JsonObject, ...members: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([member]) => !members.includes(member)));
}
