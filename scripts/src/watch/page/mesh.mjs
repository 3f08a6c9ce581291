// The mesh as a picture: mailbox nodes on a circle, and between each two of them an arrow both ways with its lag.
const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 480;
const CENTRE = { x: WIDTH / 2, y: 205 };
const RADIUS = 135;
const NODE_RADIUS = 44;
/** How far an arrow bends to its side. */
const BEND = 34;
/** Below it all is well; mailbox nodes call themselves degraded above it. */
const LAG_BOUND_SECONDS = 30;

const draw = (tag, attributes, ...children) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

const seconds = (lag) => (lag < 100 ? `${lag.toFixed(1)} s` : `${Math.round(lag / 60)} min`);

/** Who is there, and how far each is behind each other. A node that others know of is there too. */
const meshOf = (servers) => {
  const nodes = new Map();
  const lags = [];
  for (const { name: server, state } of servers) {
    for (const node of state?.nodes ?? []) {
      nodes.set(node.name, { name: node.name, server, isUp: node.ready });
      for (const [from, lag] of Object.entries(node.lags)) lags.push({ from, to: node.name, lag });
    }
  }
  for (const { from } of lags) if (!nodes.has(from)) nodes.set(from, { name: from, server: '', isUp: false });
  return { nodes: [...nodes.values()].sort((a, b) => a.name.localeCompare(b.name)), lags };
};

const placeAll = (nodes) =>
  new Map(
    nodes.map(({ name }, index) => {
      const angle = -Math.PI / 2 + (index * 2 * Math.PI) / nodes.length;
      const radius = nodes.length === 1 ? 0 : RADIUS;
      return [name, { x: CENTRE.x + radius * Math.cos(angle), y: CENTRE.y + radius * Math.sin(angle) }];
    }),
  );

/** With room for the circles and the names below them. */
const heightOf = (places) => Math.max(...places.map(({ y }) => y)) + NODE_RADIUS + 30;

const arrow = (from, to, lag) => {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const aside = { x: along.y, y: -along.x };
  const at = (way, side) => ({
    x: from.x + along.x * way + aside.x * side,
    y: from.y + along.y * way + aside.y * side,
  });
  const start = at(NODE_RADIUS, 12);
  const end = at(length - NODE_RADIUS - 4, 12);
  const middle = at(length / 2, BEND);
  // Of the curve; its control point is further out.
  const label = at(length / 2, (BEND + 12) / 2 + 2);
  const isGood = lag <= LAG_BOUND_SECONDS;
  const point = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return draw(
    'g',
    { class: isGood ? 'edge' : 'edge late' },
    draw('path', {
      d: `M${point(start)} Q${point(middle)} ${point(end)}`,
      'marker-end': isGood ? 'url(#tip)' : 'url(#tip-late)',
    }),
    draw(
      'text',
      { x: label.x.toFixed(1), y: (label.y + 5).toFixed(1) },
      isGood ? seconds(lag) : `✗ ${seconds(lag)}`,
    ),
  );
};

const tip = (id) =>
  draw(
    'marker',
    { id, viewBox: '0 0 8 8', refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
    draw('path', { d: 'M0 0 8 4 0 8z' }),
  );

const circle = ({ name, server, isUp }, { x, y }) =>
  draw(
    'g',
    { class: isUp ? 'node' : 'node away' },
    draw('circle', { cx: x, cy: y, r: NODE_RADIUS }),
    draw('text', { x, y: y - 2, class: 'name' }, name),
    draw('text', { x, y: y + 16, class: 'state' }, isUp ? '✓ up' : '✗ away'),
    draw(
      'text',
      { x, y: y + (y < CENTRE.y - 40 ? -NODE_RADIUS - 8 : NODE_RADIUS + 18), class: 'server' },
      server,
    ),
  );

const inWords = ({ from, to, lag }) => `${to} is ${seconds(lag)} behind ${from}`;

/** `servers` of a CellState. */
export const drawMesh = (servers) => {
  const { nodes, lags } = meshOf(servers);
  const places = placeAll(nodes);
  const title = draw('title', { id: 'mesh-title' }, 'Mailbox nodes and how far each is behind the others');
  const description = draw(
    'desc',
    { id: 'mesh-description' },
    [
      ...nodes.map(
        ({ name, server, isUp }) => `${name}${server && ` at ${server}`} is ${isUp ? 'up' : 'away'}`,
      ),
      ...lags.map(inWords),
    ].join('. '),
  );
  return draw(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${heightOf([...places.values()])}`,
      role: 'img',
      'aria-labelledby': 'mesh-title',
      'aria-describedby': 'mesh-description',
    },
    title,
    description,
    draw('defs', {}, tip('tip'), tip('tip-late')),
    ...lags.map(({ from, to, lag }) => arrow(places.get(from), places.get(to), lag)),
    ...nodes.map((node) => circle(node, places.get(node.name))),
  );
};
