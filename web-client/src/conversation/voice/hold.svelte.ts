/** So far from the button, in CSS pixels, it is let go to give up. */
const AWAY_PIXELS = 72;

type Point = { readonly clientX: number; readonly clientY: number };
type Box = Pick<DOMRect, 'left' | 'right' | 'top' | 'bottom'>;

/** A button that is held down, and the pointer that may slide away from it. */
export class Hold {
  #isHeld = $state(false);
  #isAway = $state(false);

  get isHeld(): boolean {
    return this.#isHeld;
  }
  get isAway(): boolean {
    return this.#isAway;
  }

  begin(): void {
    this.#isHeld = true;
    this.#isAway = false;
  }

  moveTo({ clientX, clientY }: Point, { left, right, top, bottom }: Box): void {
    if (!this.#isHeld) return;
    const distance = Math.max(left - clientX, clientX - right, top - clientY, clientY - bottom);
    this.#isAway = distance > AWAY_PIXELS;
  }

  end(): void {
    this.#isHeld = false;
    this.#isAway = false;
  }
}
