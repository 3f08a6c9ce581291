const KEY = 'recent-emojis';
const MAX_RECENT = 16;

/** Emojis that were lately picked in this browser, the last one first. */
export const recentEmojis = (): readonly string[] =>
  (localStorage.getItem(KEY) ?? '').split(' ').filter(Boolean).slice(0, MAX_RECENT);

export const rememberEmoji = (emoji: string): void => {
  const emojis = [emoji, ...recentEmojis().filter((other) => other !== emoji)];
  localStorage.setItem(KEY, emojis.slice(0, MAX_RECENT).join(' '));
};

/** What somebody likes to pick is theirs: it goes with their account. */
export const forgetEmojis = (): void => localStorage.removeItem(KEY);
