export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type JsonObject = { readonly [name: string]: Json };

/** A field that is text; empty when it is not. */
export const textOf = (value: JsonObject | undefined, name: string): string => {
  const text = value?.[name];
  return typeof text === 'string' ? text : '';
};

export const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
