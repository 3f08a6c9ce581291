import { lock as de } from './de/lock.ts';
import { lock as en } from './en/lock.ts';

/** Texts of what is loaded when it is needed, which come with it: `locale.of` them. */
export const lock = { en, de };
