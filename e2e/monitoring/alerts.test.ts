import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOARDS } from '../../monitoring/grafana/boards.ts';
import { boardFile, boardText } from '../../monitoring/grafana/write-boards.ts';
import { MONITORING, startPrometheus, type Prometheus, type RuleOfPrometheus } from './prometheus-process.ts';

/** What stands in `monitoring/`, by the real promtool and Prometheus; nothing else runs. */

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
/** Throws with what promtool says when it is not content. */
const promtool = async (...parameters: string[]): Promise<string> =>
  (await promisify(execFile)('promtool', parameters, { cwd: MONITORING })).stdout;

describe('Prometheus', () => {
  it('takes the configuration and the rules', async () => {
    expect(await promtool('check', 'config', 'prometheus.yml')).not.toContain('FAILED');
    for (const file of ['recording.yml', 'alerts.yml']) {
      expect(await promtool('check', 'rules', file)).toMatch(/SUCCESS: \d+ rules found/);
    }
  });

  it('fires each alert when it should and not before', async () => {
    expect(await promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS');
  });

  it('parses every query of the boards', async () => {
    const queries = BOARDS.flatMap(({ panels }) => panels.flatMap(({ queries }) => Object.values(queries)));
    const rules = queries.map((query, index) => ({
      record: `panel:${index}`,
      expr: query.replaceAll('$__rate_interval', '1m'),
    }));
    const folder = await mkdtemp(join(tmpdir(), 'restante-boards-'));
    try {
      const file = join(folder, 'boards.yml');
      await writeFile(file, JSON.stringify({ groups: [{ name: 'boards', rules }] }));
      expect(await promtool('check', 'rules', file)).toContain(`SUCCESS: ${queries.length} rules found`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('alerts', () => {
  let prometheus: Prometheus;
  let alerts: RuleOfPrometheus[];
  beforeAll(async () => {
    prometheus = await startPrometheus({});
    alerts = (await prometheus.rules()).filter(({ type }) => type === 'alerting');
  });
  afterAll(() => prometheus[Symbol.asyncDispose]());

  const runbook = read('docs/operations.md')
    .split(/^## Alerts$/m)[1]!
    .split(/^## /m)[0]!;
  const sections = new Map(
    runbook
      .split(/^### /m)
      .slice(1)
      .map((section): [string, string] => [section.slice(0, section.indexOf('\n')), section]),
  );

  it('say how bad it is, what it is, and where to read what to do', () => {
    expect(alerts.length).toBeGreaterThanOrEqual(10);
    for (const { name, labels, annotations } of alerts) {
      expect(labels['severity'], name).toMatch(/^(critical|warning)$/);
      expect(annotations?.['summary'], name).toBeTruthy();
      expect(annotations?.['description'], name).toBeTruthy();
      expect(annotations?.['runbook_url'], name).toBe(`docs/operations.md#${name.toLowerCase()}`);
    }
  });

  it('each have a section of the runbook, and no section is without an alert', () => {
    expect([...sections.keys()]).toEqual(alerts.map(({ name }) => name));
    for (const [name, section] of sections) {
      for (const part of ['**Means.**', '**People see.**', '**Do.**']) expect(section, name).toContain(part);
    }
  });

  it('are each tested: quiet, then firing', () => {
    const tests = read('monitoring/alerts.test.yml');
    for (const { name } of alerts) {
      const own = tests.split(/^ {2}- name: /m).filter((test) => test.includes(`alertname="${name}"`));
      expect(own, name).not.toEqual([]);
      for (const test of own)
        expect(test).toMatch(/eval_time: \d+m\n\s+- expr:[^\n]+\n[^\n]+\n\s+exp_samples/);
    }
  });
});

describe('Alertmanager', () => {
  const text = read('monitoring/alertmanager.yml');

  it('sends every alert to a receiver that is there, whose address is in no file of the repository', () => {
    const receivers = [...text.matchAll(/^ {2}- name: (\S+)$/gm)].map(([, name]) => name!);
    const routed = [...text.matchAll(/receiver: (\S+)$/gm)].map(([, name]) => name!);
    expect(routed.length).toBeGreaterThan(0);
    for (const name of routed) expect(receivers).toContain(name);
    expect(text).toMatch(/^\s+- url_file: \/\S+$/m);
    expect(text).not.toMatch(/https?:\/\/|password|token|api_key/i);
  });

  it('silences only alerts that there are', () => {
    const alerts = [...read('monitoring/alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    const named = [...text.matchAll(/alertname=~?"([^"]+)"/g)].flatMap(([, names]) => names!.split('|'));
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(alerts).toContain(name);
  });
});

describe('Grafana', () => {
  it('finds each board as it is described, and no other', async () => {
    for (const board of BOARDS) expect(readFileSync(boardFile(board), 'utf8')).toBe(await boardText(board));
    const files = readdirSync(new URL('../../monitoring/grafana/dashboards/', import.meta.url));
    expect(files.sort()).toEqual(BOARDS.map(({ uid }) => `${uid}.json`).sort());
  });

  it('has an overview and a board for each kind of service, with panels that say what is good', () => {
    const panels = BOARDS.flatMap((board) => board.panels);
    expect(BOARDS.length).toBeGreaterThanOrEqual(4);
    expect(panels.length).toBeGreaterThanOrEqual(14);
    for (const { title, description, queries } of panels) {
      expect(description, title).not.toBe('');
      expect(Object.keys(queries), title).not.toEqual([]);
    }
  });

  it('is provisioned with the data source that the boards ask', async () => {
    const source = read('monitoring/grafana/provisioning/datasources/prometheus.yml');
    const [, uid] = /uid: (\S+)/.exec(source)!;
    for (const board of BOARDS) {
      const uids = [...(await boardText(board)).matchAll(/"type": "prometheus",\s+"uid": "([^"]+)"/g)];
      expect(uids.length).toBeGreaterThan(0);
      for (const [, used] of uids) expect(used).toBe(uid);
    }
  });
});
