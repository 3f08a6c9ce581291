/** What a key means wherever the focus is; null: nothing. */
export type Shortcut = 'switch' | 'list' | 'previous' | 'next';

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));

export const shortcutOf = (event: KeyboardEvent): Shortcut | null => {
  const { key, altKey, ctrlKey, metaKey, shiftKey, isComposing, target } = event;
  if (isComposing) return null;
  const command = (ctrlKey || metaKey) && !altKey && !shiftKey;
  if (command && key.toLowerCase() === 'k') return 'switch';
  if (altKey && !ctrlKey && !metaKey && !shiftKey) {
    if (key === 'ArrowUp') return 'previous';
    if (key === 'ArrowDown') return 'next';
  }
  // Which keys write a question mark depends on the keyboard.
  return key === '?' && !ctrlKey && !metaKey && !isWriting(target) ? 'list' : null;
};
