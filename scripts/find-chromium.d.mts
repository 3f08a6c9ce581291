/** The Chromium of this machine, or null: CHROMIUM_PATH, else one in PATH or where macOS has it. */
export declare const findChromium: () => string | null;
/** Chromium without the windows around its pages, or null. */
export declare const findHeadlessShell: () => string | null;
