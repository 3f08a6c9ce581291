/**
 * What a bucket for files needs: objects that expire, and pages that may put and get there. Rules of others stay; ours have a name, and are
 * written only when they are not as they should be.
 */

const OURS = 'restante';
/** As mailbox nodes name the objects of parts. */
const PREFIX = 'parts/';

type Setting = {
  readonly name: 'lifecycle' | 'cors';
  readonly root: string;
  readonly element: string;
  readonly rule: string;
};

/** `days`: a whole day longer than a file may be read, counted from when its last part may have been put. */
export const expiryRule = (days: number): Setting => ({
  name: 'lifecycle',
  root: 'LifecycleConfiguration',
  element: 'Rule',
  rule:
    `<Rule><ID>${OURS}</ID><Filter><Prefix>${PREFIX}</Prefix></Filter><Status>Enabled</Status>` +
    `<Expiration><Days>${days}</Days></Expiration></Rule>`,
});

/** `origins`: of the pages that are the messenger. */
export const originsRule = (origins: readonly string[]): Setting => ({
  name: 'cors',
  root: 'CORSConfiguration',
  element: 'CORSRule',
  rule:
    `<CORSRule><ID>${OURS}</ID>` +
    origins.map((origin) => `<AllowedOrigin>${origin}</AllowedOrigin>`).join('') +
    '<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>' +
    '<AllowedHeader>content-type</AllowedHeader><AllowedHeader>if-none-match</AllowedHeader>' +
    '<MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule>',
});

const isOurs = (rule: string): boolean => rule.includes(`<ID>${OURS}</ID>`);

/** What a rule says, whatever the order in which a store tells it. */
const statements = (rule: string): string =>
  [...rule.matchAll(/<(\w+)>([^<]*)<\/\1>/g)]
    .map(([, name = '', text = '']) => `${name}=${text.trim()}`)
    .filter((statement) => !statement.endsWith('='))
    .sort()
    .join('\n');

/** The XML that makes a setting what it should be, or null when it is. `current`: null when there is none. */
export const settingToWrite = ({ root, element, rule }: Setting, current: string | null): string | null => {
  const rules = [...(current ?? '').matchAll(new RegExp(`<${element}>.*?</${element}>`, 'gs'))].map(
    ([each]) => each,
  );
  const ours = rules.filter(isOurs);
  if (ours.length === 1 && statements(ours[0] ?? '') === statements(rule)) return null;
  const all = [...rules.filter((each) => !isOurs(each)), rule];
  return `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${all.join('')}</${root}>`;
};
