import { linking as de } from './de/linking.ts';
import { linking as en } from './en/linking.ts';

/** Texts of what is loaded when it is needed, which come with it: `locale.of` them. */
export const linking = { en, de };
