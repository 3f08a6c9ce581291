import { otherTime as de } from './de/other-time.ts';
import { otherTime as en } from './en/other-time.ts';

/** Texts of what is loaded when it is needed, which come with it: `locale.of` them. */
export const otherTime = { en, de };
