/** Sum of all series of a metric whose labels hold these values; 0 when there is none. `url`: of a service. */
export const metricOf = async (
  url: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
};
