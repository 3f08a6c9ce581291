const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg(?:A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/(?:Firefox|FxiOS)\//, 'Firefox'],
  [/(?:HeadlessChrome|Chromium)\//, 'Chromium'],
  [/(?:Chrome|CriOS)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/CrOS/, 'ChromeOS'],
  [/Windows/, 'Windows'],
  [/Macintosh|Mac OS X/, 'Mac'],
  [/Linux/, 'Linux'],
];

const firstOf = (table: readonly (readonly [RegExp, string])[], text: string): string | null =>
  table.find(([pattern]) => pattern.test(text))?.[1] ?? null;

export type Platform = {
  readonly userAgent: string;
  /** What the browser calls itself where it can be asked; a Chromium without a brand says nothing else. */
  readonly brands?: readonly string[];
};

/** Browser and system by the names people know them by; null for what is not known. */
export const describePlatform = ({
  userAgent,
  brands = [],
}: Platform): { browser: string | null; system: string | null } => {
  const browser = firstOf(BROWSERS, userAgent);
  const isBareChromium =
    browser === 'Chrome' && brands.includes('Chromium') && !brands.includes('Google Chrome');
  return { browser: isBareChromium ? 'Chromium' : browser, system: firstOf(SYSTEMS, userAgent) };
};

type UserAgentData = { readonly brands: readonly { readonly brand: string }[] };

export const ownPlatform = (): Platform => {
  const { userAgent, userAgentData } = navigator as Navigator & { userAgentData?: UserAgentData };
  return { userAgent, ...(userAgentData && { brands: userAgentData.brands.map(({ brand }) => brand) }) };
};
