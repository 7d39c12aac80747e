// Shows the cells of a sheet as a grid: only what is in view is in the document, headers stay, columns can be dragged wider, a range can be
// marked and copied. Marks are by keyboard or mouse; a screen reader is told of rows and columns that are not in the document, too.
import {COLOURS, column, make} from "./grid.js";

const ROW = 24, HEAD = 26, SIDE = 56, NARROWEST = 28, WIDEST = 220, OF_A_SIGN = 8.8;    // pixels, of a sign those of a bold one
const WHOLE = 4000;     // cells up to which a sheet is in the document as a whole, so that the browser's own search finds them
const SPARE = 6;        // rows and columns around what is in view

const shown = value => typeof value !== "number" ? value ?? "" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
const between = (n, low, high) => Math.max(low, Math.min(high, n));
const cell = (role, className, text, left, width) => {
  const one = make("div", {className, textContent: text});
  one.setAttribute("role", role);
  one.style.left = `${left}px`;
  one.style.width = `${width}px`;
  return one;
};

const needs = value => Math.round(String(shown(value)).length * OF_A_SIGN) + 16;
const runsOver = (row, c) => typeof row[c] === "string" && c + 1 < row.length && row[c + 1] === null;     // as in other spreadsheets, into the empty cells beside it

/* The widths of columns, by what their first rows show. */
const widths = (rows, columns) => Array.from({length: columns}, (_, c) =>
  between(rows.slice(0, 60).reduce((most, row) => runsOver(row, c) ? most : Math.max(most, needs(row[c])), 0), 40, WIDEST));

/* Puts the grid of a sheet into a place; cells that differ from `before`, the same sheet earlier, stand out. Gives `move(cells)`, for numbers that move. */
export function sheetGrid(place, sheet, before) {
  const rows = sheet.rows, height = rows.length, width = rows[0]?.length ?? 0, wide = widths(rows, width), left = [0];
  const runs = new Map(), live = new Map(), cells = new Map();     // live: numbers that moved since
  for (const [row, from, to] of sheet.formulas) (runs.get(row) ?? runs.set(row, []).get(row)).push([from, to]);
  const blocks = Object.entries(sheet.blocks).filter(([role]) => COLOURS[role]);
  let active = {r: 0, c: 0}, anchor = active, painted = "";

  const head = make("div", {className: "head"}), body = make("div", {className: "space"}), grid = make("div", {className: "grid", tabIndex: 0}, body);
  for (const [name, value] of Object.entries({role: "grid", "aria-label": `Cells of the sheet ${sheet.name}`, "aria-rowcount": height + 1, "aria-colcount": width + 1,
    "aria-multiselectable": true, "aria-readonly": true, "aria-describedby": "grid-keys"})) grid.setAttribute(name, value);
  head.setAttribute("role", "row");
  head.setAttribute("aria-rowindex", 1);
  body.append(head);

  function measure() {
    for (let c = 0; c < width; c++) left[c + 1] = left[c] + wide[c];
    body.style.width = `${SIDE + left[width]}px`;
    body.style.height = `${HEAD + height * ROW}px`;
  }

  const value_of = (r, c) => live.get(r * width + c) ?? rows[r][c];

  const kind = (r, c) => {
    const names = ["cell"], value = value_of(r, c);
    const block = blocks.find(([, [top, first, bottom, last]]) => r + 1 >= top && r + 1 <= bottom && c + 1 >= first && c + 1 <= last);
    if (block) names.push(COLOURS[block[0]]);
    if (typeof value === "number") names.push("number");
    if (runs.get(r + 1)?.some(([from, to]) => c + 1 >= from && c + 1 <= to)) names.push("formula");
    if (live.has(r * width + c) || (before && before.rows[r]?.[c] !== value)) names.push("moved");
    return names.join(" ");
  };
  const marked = (r, c) => r >= Math.min(anchor.r, active.r) && r <= Math.max(anchor.r, active.r) && c >= Math.min(anchor.c, active.c) && c <= Math.max(anchor.c, active.c);

  function place_cell(r, c) {
    const one = cell("gridcell", kind(r, c), shown(value_of(r, c)), SIDE + left[c], wide[c]);
    one.id = `cell-${r}-${c}`;
    one.setAttribute("aria-colindex", c + 2);
    if (rows[r][c] !== null) one.title = value_of(r, c);
    if (runsOver(rows[r], c)) {
      let last = c + 1;
      while (last < width && rows[r][last] === null && left[last] - left[c] < needs(rows[r][c])) last++;
      one.style.width = `${left[last] - left[c]}px`;
    }
    return one;
  }

  function mark() {
    for (const [at, one] of cells) {
      const [r, c] = [Math.floor(at / width), at % width];
      one.setAttribute("aria-selected", marked(r, c));
      one.classList.toggle("active", r === active.r && c === active.c);
    }
    grid.setAttribute("aria-activedescendant", `cell-${active.r}-${active.c}`);
  }

  /* Brings what is in view into the document. */
  function paint(again = false) {
    const whole = height * width <= WHOLE, seen = {top: grid.scrollTop, bottom: grid.scrollTop + grid.clientHeight, from: grid.scrollLeft, to: grid.scrollLeft + grid.clientWidth};
    const column_at = x => { let low = 0, high = width; while (low < high) { const middle = (low + high) >> 1; if (left[middle + 1] <= x) low = middle + 1; else high = middle; } return low; };
    const top = whole ? 0 : between(Math.floor(seen.top / ROW) - SPARE, 0, height), bottom = whole ? height : between(Math.ceil(seen.bottom / ROW) + SPARE, 0, height);
    const from = whole ? 0 : between(column_at(seen.from) - SPARE, 0, width), to = whole ? width : between(column_at(seen.to) + 1 + SPARE, 0, width);
    const now = [top, bottom, from, to].join();
    if (now === painted && !again) return;
    painted = now;
    cells.clear();
    const corner = cell("columnheader", "corner", "", 0, SIDE);
    corner.setAttribute("aria-label", "Row");
    corner.setAttribute("aria-colindex", 1);
    head.replaceChildren(corner);
    for (let c = from; c < to; c++) {
      const one = cell("columnheader", "letter", column(c + 1), SIDE + left[c], wide[c]), handle = make("span", {className: "handle"});
      one.setAttribute("aria-colindex", c + 2);
      handle.dataset.column = c;
      handle.setAttribute("aria-hidden", true);
      one.append(handle);
      head.append(one);
    }
    const lines = [head];
    for (let r = top; r < bottom; r++) {
      const side = cell("rowheader", "side", r + 1, 0, SIDE), line = make("div", {className: "line"}, side);
      side.setAttribute("aria-colindex", 1);
      line.setAttribute("role", "row");
      line.setAttribute("aria-rowindex", r + 2);
      line.style.top = `${HEAD + r * ROW}px`;
      for (let c = from; c < to; c++) {
        const one = place_cell(r, c);
        cells.set(r * width + c, one);
        line.append(one);
      }
      lines.push(line);
    }
    body.replaceChildren(...lines);
    mark();
  }

  function go(r, c, stretch) {
    active = {r: between(r, 0, height - 1), c: between(c, 0, width - 1)};
    if (!stretch) anchor = active;
    const y = active.r * ROW, x = left[active.c];
    if (y < grid.scrollTop) grid.scrollTop = y;
    else if (y + ROW + HEAD > grid.scrollTop + grid.clientHeight) grid.scrollTop = y + ROW + HEAD - grid.clientHeight;
    if (x < grid.scrollLeft) grid.scrollLeft = x;
    else if (x + wide[active.c] + SIDE > grid.scrollLeft + grid.clientWidth) grid.scrollLeft = x + wide[active.c] + SIDE - grid.clientWidth;
    paint();
    mark();
  }

  function widen(c, pixels) {
    wide[c] = Math.max(NARROWEST, pixels);
    measure();
    paint(true);
  }

  grid.addEventListener("scroll", () => requestAnimationFrame(() => paint()));
  new ResizeObserver(() => paint()).observe(grid);

  for (const touched of ["keydown", "pointerdown"]) grid.addEventListener(touched, () => grid.classList.add("touched"));    // from now on the mark is shown
  grid.addEventListener("keydown", event => {
    const {r, c} = active, page = Math.max(1, Math.floor(grid.clientHeight / ROW) - 2), far = event.ctrlKey || event.metaKey;
    if (event.altKey && event.shiftKey && ["ArrowLeft", "ArrowRight"].includes(event.key)) widen(c, wide[c] + (event.key === "ArrowLeft" ? -12 : 12));
    else if (event.altKey) return;
    else if (far && event.key === "a") { anchor = {r: 0, c: 0}; active = {r: height - 1, c: width - 1}; mark(); }
    else {
      const to = {ArrowDown: [far ? height : r + 1, c], ArrowUp: [far ? 0 : r - 1, c], ArrowRight: [r, far ? width : c + 1], ArrowLeft: [r, far ? 0 : c - 1],
        PageDown: [r + page, c], PageUp: [r - page, c], Home: [far ? 0 : r, 0], End: [far ? height : r, width]}[event.key];
      if (!to) return;
      go(...to, event.shiftKey);
    }
    event.preventDefault();
  });

  const at = target => { const one = target.closest?.(".cell"); return one?.id.split("-").slice(1).map(Number); };
  grid.addEventListener("pointerdown", event => {
    const handle = event.target.closest(".handle");
    if (handle) {
      const c = Number(handle.dataset.column), began = event.clientX, first = wide[c], drag = moving => widen(c, first + moving.clientX - began);
      addEventListener("pointermove", drag);
      addEventListener("pointerup", () => removeEventListener("pointermove", drag), {once: true});
      event.preventDefault();
      return;
    }
    const found = at(event.target);
    if (!found || event.button) return;
    go(...found, event.shiftKey);
    if (event.pointerType === "touch") return;      // a finger scrolls
    const stretch = moving => { const over = at(moving.target); if (over) go(...over, true); };
    addEventListener("pointermove", stretch);
    addEventListener("pointerup", () => removeEventListener("pointermove", stretch), {once: true});
  });

  /* The marked cells, as other spreadsheets take them: the numbers as they are, not as they are shown. */
  grid.addEventListener("copy", event => {
    const [top, bottom] = [anchor.r, active.r].sort((a, b) => a - b), [from, to] = [anchor.c, active.c].sort((a, b) => a - b);
    const quoted = value => typeof value === "string" && /[\t\n"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value ?? "";
    const text = rows.slice(top, bottom + 1).map((row, r) => row.slice(from, to + 1).map((_, c) => quoted(value_of(top + r, from + c))).join("\t")).join("\n");
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  });

  measure();
  place.replaceChildren(grid);
  paint();

  return {move(numbers) {
    for (const [row, col, value] of numbers) {
      const [r, c] = [row - 1, col - 1];
      if (r >= height || c >= width) continue;
      live.set(r * width + c, value);
      const one = cells.get(r * width + c);
      if (!one) continue;
      one.textContent = shown(value);
      one.classList.add("moved");
    }
  }};
}
