// Shows the answer of /cluster/state (ShownState of ../cluster-routes.ts) and asks again.
import { drawMesh } from './mesh.mjs';

const EVERY_MS = 2_000;
const DEADLINE_MS = 15_000;
const DAY_MS = 86_400_000;

const part = (id) => document.getElementById(id);

const element = (tag, { text, kind, ...attributes } = {}, ...children) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind !== undefined) made.className = kind;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};
/** Never by colour alone. */
const mark = (isGood, good, bad) =>
  element('span', { text: isGood ? `✓ ${good}` : `✗ ${bad}`, kind: isGood ? 'good' : 'bad' });
const fact = (name, ...values) =>
  element('div', {}, element('dt', { text: name }), element('dd', {}, ...values));

const people = (count) => (count === 1 ? '1 connection' : `${count.toLocaleString('en')} connections`);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const ofMaster = ({ name, up, ready, connections, hasBus }, isOneOfSeveral) => [
  fact(name, mark(ready, 'ready', up ? 'not ready' : 'down')),
  ...(isOneOfSeveral && connections !== null ? [fact('people', people(connections))] : []),
  ...(up ? [fact('bus', mark(hasBus, 'up', 'away'))] : []),
];
const ofNode = ({ name, up, ready, couchdbUp, databases, pulls }) => [
  fact(name, mark(ready, 'ready', up ? 'not ready' : 'down')),
  ...(up ? [fact('CouchDB', mark(couchdbUp, 'up', 'down'))] : []),
  ...(databases === null
    ? []
    : [fact('databases', `${databases}, ${pulls.running} of ${pulls.wanted} pulls run`)]),
];
const ofCertificate = ({ name, notAfterMs }) => {
  if (notAfterMs === null) return fact(`certificate for ${name}`, mark(false, '', 'not shown'));
  const days = Math.floor((notAfterMs - Date.now()) / DAY_MS);
  const until = new Date(notAfterMs).toISOString().slice(0, 10);
  return fact(`certificate for ${name}`, mark(days >= 14, `until ${until}`, `until ${until}, ${days} days`));
};

const card = ({ name, isServing }, state) => {
  const children = [
    element('h3', {}, name, ' ', mark(isServing, 'up', state === null ? 'missing' : 'not serving')),
  ];
  if (state) {
    const known = state.masters.flatMap(({ connections }) => connections ?? []);
    if (known.length > 0) children.push(element('p', { text: people(sum(known)), kind: 'count' }));
    for (const facts of [
      ...state.masters.map((master) => ofMaster(master, state.masters.length > 1)),
      ...state.nodes.map(ofNode),
      state.certificates.map(ofCertificate),
    ]) {
      if (facts.length > 0) children.push(element('dl', {}, ...facts));
    }
  }
  return element('article', {}, ...children);
};

const summaryOf = ({ isWell, cell }) => {
  if (isWell) return '✓ All is well.';
  if (cell === null) return '✗ Something is wrong. People may not notice.';
  return cell.problems.length === 1 ? '✗ Something is wrong:' : `✗ ${cell.problems.length} things are wrong:`;
};

/** What has not changed is left alone: whoever reads it by ear is told of changes only. */
const shown = {};
const showIfChanged = (name, value, show) => {
  const text = JSON.stringify(value);
  if (shown[name] === text) return;
  shown[name] = text;
  show();
};

const show = (state) => {
  const { isWell, servers, mayLogIn, cell } = state;
  showIfChanged('summary', [isWell, cell?.problems], () => {
    part('summary').textContent = summaryOf(state);
    part('summary').className = isWell ? 'good' : 'bad';
    part('problems').replaceChildren(...(cell?.problems ?? []).map((text) => element('li', { text })));
    part('problems').hidden = (cell?.problems ?? []).length === 0;
  });
  showIfChanged('servers', [servers, cell?.servers], () => {
    part('servers').replaceChildren(
      ...servers.map((server, index) => card(server, cell?.servers[index]?.state)),
    );
  });
  part('servers-section').hidden = false;
  showIfChanged('mesh', cell?.servers, () => {
    part('mesh').replaceChildren(...(cell === null ? [] : [drawMesh(cell.servers)]));
  });
  part('mesh-section').hidden = cell === null;
  part('login-section').hidden = !mayLogIn;
  part('login').hidden = cell !== null;
  part('logout').hidden = cell === null;
};

const refresh = async () => {
  try {
    const answer = await fetch('state', { signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
  } catch {
    showIfChanged('summary', null, () => {
      part('summary').textContent = '✗ This server does not tell how it is.';
      part('summary').className = 'bad';
      part('problems').hidden = true;
    });
    for (const name of ['servers-section', 'mesh-section', 'login-section']) part(name).hidden = true;
  }
};

const refusalOf = (answer) => {
  if (answer.status === 401) return 'This is not the password.';
  if (answer.status === 429) return 'Too many attempts: wait a minute.';
  return 'The server did not take it: try again.';
};

part('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = part('password');
  part('refusal').textContent = '';
  try {
    const answer = await fetch('session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: field.value }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (!answer.ok) {
      part('refusal').textContent = refusalOf(answer);
      return;
    }
    field.value = '';
  } catch {
    part('refusal').textContent = 'The server does not answer: try again.';
    return;
  }
  await refresh();
});
part('logout').addEventListener('click', async () => {
  await fetch('session', { method: 'DELETE', signal: AbortSignal.timeout(DEADLINE_MS) }).catch(
    () => undefined,
  );
  await refresh();
});

for (;;) {
  await refresh();
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
