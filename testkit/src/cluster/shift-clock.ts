import { readFileSync } from 'node:fs';
import { followNumber } from './told-number.ts';

/**
 * Loaded into a process before it starts (`node --import`): its clock is off by `CLOCK_SHIFT_MS`, or by what stands in
 * `CLOCK_SHIFT_FILE` when it starts, on the node named `CLOCK_SHIFT_NODE` alone if there is one; or by what stands in `CLOCK_FILE`
 * at any moment, by nothing while there is no such file.
 */
const { CLOCK_FILE, CLOCK_SHIFT_FILE, CLOCK_SHIFT_NODE, NODE_NAME } = process.env;
const CLOCK_SHIFT_MS =
  CLOCK_SHIFT_FILE === undefined ? process.env['CLOCK_SHIFT_MS'] : readFileSync(CLOCK_SHIFT_FILE, 'utf8');
const isMeant = CLOCK_SHIFT_NODE === undefined || CLOCK_SHIFT_NODE === NODE_NAME;
const fixedMs = isMeant ? Number(CLOCK_SHIFT_MS ?? 0) : 0;
const shiftMs = CLOCK_FILE === undefined ? () => fixedMs : followNumber(CLOCK_FILE);

const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...given: readonly unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + shiftMs()] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() + shiftMs();
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
