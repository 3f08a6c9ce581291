// Shows the answer of /cluster/state (see ../../state/cluster-state.ts) and asks again.
const EVERY_MS = 2_000;

const summary = document.getElementById('summary');
const parts = document.getElementById('parts');

const cell = (tag, text, kind) => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  if (tag === 'th') element.scope = 'row';
  return element;
};

const row = (...cells) => {
  const element = document.createElement('tr');
  element.append(...cells);
  return element;
};

const mark = (good, yes, no) => cell('td', good ? `✓ ${yes}` : `✗ ${no}`, good ? 'good' : 'bad');
const number = (value) => cell('td', value ?? '–', 'number');
const seconds = (value) => (value === null ? '–' : `${value.toFixed(1)} s`);

const show = (state) => {
  const problems = state.problems.length;
  const text = problems === 0 ? 'Everything is up and the mesh is whole.' : state.problems.join(' · ');
  if (summary.textContent !== text) summary.textContent = text;
  summary.className = problems === 0 ? 'good' : 'bad';
  parts.replaceChildren(
    ...state.masters.map((master) =>
      row(
        cell('th', master.name),
        mark(master.ready, 'ready', master.up ? 'not ready' : 'down'),
        cell('td', '–'),
        ...[null, null, null].map(number),
      ),
    ),
    ...state.nodes.map((node) =>
      row(
        cell('th', node.name),
        mark(node.ready, 'ready', node.up ? 'not ready' : 'down'),
        node.up ? mark(node.couchdbUp, 'up', 'down') : cell('td', '–'),
        number(node.databases),
        number(node.up ? `${node.pulls.running} of ${node.pulls.wanted}` : null),
        number(seconds(node.lagSeconds)),
      ),
    ),
  );
};

const refresh = async () => {
  try {
    const answer = await fetch('state', { signal: AbortSignal.timeout(5_000) });
    show(await answer.json());
  } catch {
    summary.textContent = 'The cluster does not answer.';
    summary.className = 'bad';
    parts.replaceChildren();
  }
  setTimeout(refresh, EVERY_MS);
};

await refresh();
