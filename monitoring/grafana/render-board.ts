import type { Board, Panel } from './boards.ts';

const DATASOURCE = { type: 'prometheus', uid: 'prometheus' };
const COLUMNS = 24;
const STAT = { width: 6, height: 4 };
const LINES = { width: 8, height: 8 };

const thresholds = ({ redBelow, redFrom }: Panel): object => {
  const red = (value: number | null) => ({ color: 'red', value });
  const green = (value: number | null) => ({ color: 'green', value });
  const steps = redBelow === undefined ? [green(null), red(redFrom ?? null)] : [red(null), green(redBelow)];
  return { mode: 'absolute', steps };
};

const renderPanel = (panel: Panel, id: number, place: { x: number; y: number }): object => {
  const { width, height } = panel.stat === true ? STAT : LINES;
  return {
    id,
    title: panel.title,
    description: panel.description,
    type: panel.stat === true ? 'stat' : 'timeseries',
    datasource: DATASOURCE,
    gridPos: { ...place, w: width, h: height },
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        ...(panel.stat === true && { thresholds: thresholds(panel) }),
      },
      overrides: [],
    },
    targets: Object.entries(panel.queries).map(([legend, expr], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
};

/** A board as Grafana reads it from a file. Panels follow each other from left to right, then down. */
export const renderBoard = ({ uid, title, panels }: Board): object => {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  const place = (panel: Panel): { x: number; y: number } => {
    const { width, height } = panel.stat === true ? STAT : LINES;
    if (x + width > COLUMNS || (rowHeight > 0 && rowHeight !== height)) {
      x = 0;
      y += rowHeight;
    }
    rowHeight = height;
    const here = { x, y };
    x += width;
    return here;
  };
  return {
    uid,
    title,
    tags: ['restante'],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    links: [{ type: 'dashboards', tags: ['restante'], title: 'Restante', asDropdown: false }],
    panels: panels.map((panel, index) => renderPanel(panel, index + 1, place(panel))),
  };
};
