import { messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import { MAX_TIMER_SECONDS, MIN_TIMER_SECONDS } from './message-timer.ts';

export const timerSeconds = z.int().check(z.minimum(MIN_TIMER_SECONDS), z.maximum(MAX_TIMER_SECONDS));

/** After how many seconds messages of a conversation disappear, null: never; with the id of the choice. */
export const chosenTimer = z.object({ seconds: z.nullable(timerSeconds), id: messageId });
export type ChosenTimer = z.infer<typeof chosenTimer>;

const secondsOf = ({ seconds }: ChosenTimer): number => seconds ?? Infinity;

/** Which of two choices stands: that with the later id. Of two that say the same id, which only a liar makes, the shorter time. */
export const standingTimer = (one: ChosenTimer, other: ChosenTimer): ChosenTimer => {
  if (one.id !== other.id) return one.id > other.id ? one : other;
  return secondsOf(one) <= secondsOf(other) ? one : other;
};
