import { conversation } from './conversation.ts';
import { shell } from './shell.ts';

/** All texts of the messenger. */
export const en = { ...shell, conversation };

/** A text, or how one is made from values. */
type Loose<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Loose<T[K]> };
export type Strings = Loose<typeof en>;
