const HOLD_MS = 450;
/** A finger that moves farther than this scrolls. */
const SLACK_PX = 10;

/** Calls `action` when a finger rests on the element. Answers with how to stop. */
export const onLongPress = (element: HTMLElement, action: () => void): (() => void) => {
  const listeners = new AbortController();
  const { signal } = listeners;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let start = { x: 0, y: 0 };
  const cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  element.addEventListener(
    'pointerdown',
    ({ pointerType, isPrimary, clientX: x, clientY: y }) => {
      cancel();
      if (pointerType !== 'touch' || !isPrimary) return;
      start = { x, y };
      timer = setTimeout(action, HOLD_MS);
    },
    { signal },
  );
  element.addEventListener(
    'pointermove',
    ({ clientX: x, clientY: y }) => {
      if (Math.hypot(x - start.x, y - start.y) > SLACK_PX) cancel();
    },
    { signal },
  );
  for (const type of ['pointerup', 'pointercancel', 'pointerleave'] as const) {
    element.addEventListener(type, cancel, { signal });
  }
  // A finger that rests would also select a word or open the browser's own menu.
  element.addEventListener(
    'contextmenu',
    (event) => {
      if (event instanceof PointerEvent && event.pointerType === 'touch') event.preventDefault();
    },
    { signal },
  );
  return () => {
    cancel();
    listeners.abort();
  };
};
