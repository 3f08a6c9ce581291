const WORDS = new Set(
  'by without on ignoring group_left group_right and or unless bool offset inf nan'.split(' '),
);
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;

/** A name in a query, with the labels that it is chosen by. */
export type NamedSeries = { readonly name: string; readonly labels: readonly string[] };

/** The series that a PromQL query names, and the labels that it groups by. For queries that promtool has parsed. */
export const namedSeries = (
  query: string,
): { readonly series: NamedSeries[]; readonly grouping: string[] } => {
  const bare = query.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const grouping = [...bare.matchAll(GROUPING)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim()),
  );
  const terms = bare.replaceAll(GROUPING, '').replaceAll(/\[[^\]]*\]/g, '');
  const series = [...terms.matchAll(/(?<!\w)([a-zA-Z_:][\w:]*)\s*(\(|\{([^}]*)\})?/g)]
    .filter(([match, word]) => !WORDS.has(word!) && !match.endsWith('('))
    .map(([, name, , matchers = '']) => ({
      name: name!,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
    }));
  return { series, grouping: grouping.filter((name) => name !== '') };
};
