/**
 * Says the figures of a chart where one points, by touch, mouse or arrow keys. They are read from the table that the
 * chart names, so that both say the same. Without this file the figures are in that table.
 *
 * A line of words below the chart shows them. The point that was chosen last stays chosen while the page is read
 * again. One chart is marked at a time: with two, one would not know which of them the words below answer.
 *
 * @module
 */

import { all, seek, target, write } from "../lib/dom.js";

/** @typedef {{ columns: number, rows: number, plot: number[] }} Grid */

/**
 * Return the point of the drawing at this place, or the nearest one when the place is outside of its frame. Points are
 * counted from left to right, then row by row.
 *
 * @param {Grid} grid
 * @param {number} x in units of the drawing
 * @param {number} y
 */
export const pointAt = ({ columns, rows, plot: [left, top, width, height] }, x, y) => {
  /** @param {number} share @param {number} count */
  const place = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  return place((y - top) / height, rows) * columns + place((x - left) / width, columns);
};

/** @type {Record<string, (grid: Grid, point: number) => number>} */
const STEPS = {
  ArrowRight: ({ columns }, point) => (point % columns === columns - 1 ? point : point + 1),
  ArrowLeft: ({ columns }, point) => (point % columns === 0 ? point : point - 1),
  ArrowDown: ({ columns, rows }, point) => (point + columns < columns * rows ? point + columns : point),
  ArrowUp: ({ columns }, point) => (point < columns ? point : point - columns),
  Home: () => 0,
  End: ({ columns, rows }) => columns * rows - 1,
};

/**
 * Return the point that a key leads to, or null when it leads nowhere.
 *
 * @param {Grid} grid
 * @param {number} point -1 for none yet
 * @param {string} key
 */
export const stepTo = (grid, point, key) => {
  const step = STEPS[key];
  return step ? (point < 0 ? 0 : step(grid, point)) : null;
};

/** @param {string | null | undefined} text */
const plain = (text) => (text ?? "").trim().replace(/\s+/g, " ");

/** The point that was chosen last in each chart, by the id of its frame: keys go on from it. @type {Map<string, number>} */
const pointed = new Map();

/** The id of the chart that is marked. */
let marked = "";

/** @param {Element} chart */
const drawingOf = (chart) => seek("svg[data-plot]", chart);

/** @param {Element} svg @returns {Grid} */
const gridOf = (svg) => {
  const numbers = (/** @type {string} */ name) => (svg.getAttribute(name) ?? "").split(" ").map(Number);
  const [columns, rows] = numbers("data-points");
  return { columns, rows, plot: numbers("data-plot") };
};

/**
 * Return the words of a point: the head of its row, and each figure with the head of its column.
 *
 * @param {HTMLElement} chart
 * @param {Grid} grid
 * @param {number} point
 */
const wordsOf = (chart, grid, point) => {
  const table = /** @type {HTMLTableElement | null} */ (document.getElementById(chart.dataset.table ?? ""));
  const row = table?.tBodies[0]?.rows[point % grid.columns];
  if (!table || !row) return "";
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => plain(cell.textContent));
  const cells = [...row.cells].map((cell) => plain(cell.textContent));
  const named = (chart.dataset.cells ?? "").split(" ").filter(Boolean).map(Number);
  if (named.length) return `${cells[0]}. ${named.map((at) => `${heads[at]}\u00a0: ${cells[at]}`).join("\u00a0; ")}`;
  const day = 1 + Math.floor(point / grid.columns);
  return `${heads[day]}, ${cells[0]}\u00a0: ${cells[day]}`;
};

const SVG = "http://www.w3.org/2000/svg";

/** Take the mark and the words from the chart that has them, unless it is this one. @param {HTMLElement} chart */
const unmarkOthers = (chart) => {
  const other = marked === chart.id ? null : document.getElementById(marked);
  marked = chart.id;
  if (!other) return;
  seek(".chart__cursor", other)?.remove();
  write(seek("[data-said]", other.parentElement ?? document), "");
};

/** Mark the point in the drawing, and show its words. @param {HTMLElement} chart @param {number} point */
const show = (chart, point) => {
  const svg = drawingOf(chart);
  if (!svg) return;
  unmarkOthers(chart);
  const grid = gridOf(svg);
  const [left, top, width, height] = grid.plot;
  let cursor = seek(".chart__cursor", svg);
  if (!cursor) {
    cursor = /** @type {HTMLElement} */ (/** @type {unknown} */ (document.createElementNS(SVG, "rect")));
    cursor.setAttribute("class", "chart__cursor");
    svg.append(cursor);
  }
  const column = point % grid.columns;
  const row = Math.floor(point / grid.columns);
  const box = {
    x: left + (column * width) / grid.columns,
    y: top + (row * height) / grid.rows,
    width: width / grid.columns,
    height: height / grid.rows,
  };
  for (const [name, number] of Object.entries(box)) cursor.setAttribute(name, number.toFixed(1));
  write(seek("[data-said]", chart.parentElement ?? document), wordsOf(chart, grid, point));
  pointed.set(chart.id, point);
};

/** @param {PointerEvent} event */
const onPointer = (event) => {
  const chart = /** @type {HTMLElement | null} */ (target(event).closest("[data-chart]"));
  const svg = chart && drawingOf(chart);
  if (!chart || !svg) return;
  const box = svg.getBoundingClientRect();
  const [, , width] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
  const scale = width / box.width;
  const point = pointAt(gridOf(svg), (event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
  if (chart.id !== marked || point !== pointed.get(chart.id)) show(chart, point);
};

/** @param {KeyboardEvent} event */
const onKey = (event) => {
  const chart = target(event);
  const svg = chart.matches("[data-chart]") && drawingOf(chart);
  if (!svg || event.ctrlKey || event.altKey || event.metaKey) return;
  const point = stepTo(gridOf(svg), pointed.get(chart.id) ?? -1, event.key);
  if (point === null) return;
  event.preventDefault();
  show(chart, point);
};

/** Show the words of the chosen point again after the page was read again. */
export const sayPointsAgain = () => {
  for (const chart of all("[data-chart]")) {
    chart.tabIndex = 0;
    const point = pointed.get(chart.id);
    if (point !== undefined && chart.id === marked) show(chart, point);
  }
};

/** Listen to the pointer and the keys in all charts of the page. */
export const watchCharts = () => {
  if (!seek("[data-chart]")) return;
  sayPointsAgain();
  document.addEventListener("pointermove", onPointer);
  document.addEventListener("pointerdown", onPointer);
  document.addEventListener("keydown", onKey);
};
