export type Point = { readonly x: number; readonly y: number };

/** The browser's own menu is for links in the element, for what is selected, and for whoever holds the shift key. */
const wantsBrowsersOwn = ({ target, shiftKey }: MouseEvent, element: HTMLElement): boolean => {
  const selection = getSelection();
  const selects = selection?.isCollapsed === false && selection.containsNode(element, true);
  const link = target instanceof Element ? target.closest('a[href]') : null;
  return shiftKey || selects || (link !== null && link !== element);
};

/**
 * Calls `action` on a right click, with its place, and on the key for menus, with null. Answers with how to stop. Fingers
 * hold instead.
 */
export const onContextMenu = (element: HTMLElement, action: (at: Point | null) => void): (() => void) => {
  const open = (event: MouseEvent): void => {
    const pointer = event instanceof PointerEvent ? event.pointerType : 'mouse';
    // The key for menus has no pointer. Shift with F10 is such a key as well.
    const isKey = pointer === '' || event.button === -1;
    if (pointer === 'touch' || (!isKey && wantsBrowsersOwn(event, element))) return;
    event.preventDefault();
    action(isKey ? null : { x: event.clientX, y: event.clientY });
  };
  element.addEventListener('contextmenu', open);
  return () => element.removeEventListener('contextmenu', open);
};
