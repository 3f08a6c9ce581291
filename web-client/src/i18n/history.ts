import { history as de } from './de/history.ts';
import { history as en } from './en/history.ts';

/** Texts of what is loaded when it is needed, which come with it: `locale.of` them. */
export const history = { en, de };
