import { codeOnDemand } from '../code-on-demand.ts';

/** The curve and the hashes are for who has an account: until then the messenger does without. */

export const accountKeyCode = codeOnDemand(() => import('./account-key.ts'));
export const keyDigitsCode = codeOnDemand(() => import('./key-digits.ts'));
