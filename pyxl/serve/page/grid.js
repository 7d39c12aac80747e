// Shows a sheet as a table, what was found on it in colours and in words.
const COLOURS = {ratings: "ratings", predictions: "predictions", user_factors: "factors", item_factors: "factors",
  user_bias: "biases", item_bias: "biases", rmse: "goal"};   // role of a block -> class
const WORDS = {ratings: "ratings", predictions: "predictions", user_factors: "users' factors", item_factors: "items' factors",
  user_bias: "users' biases", item_bias: "items' biases", rmse: "RMSE"};

const make = (name, properties = {}, ...inside) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...inside);
  return element;
};

export const column = n => n > 26 ? column(Math.floor((n - 1) / 26)) + column((n - 1) % 26 + 1) : String.fromCharCode(64 + n);

const shown = value => typeof value !== "number" ? value ?? "" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));

/* The table of a sheet; cells that differ from `before`, the same sheet earlier, stand out. */
export function table(sheet, before) {
  const colour = (row, col) => {
    for (const [role, [top, left, bottom, right]] of Object.entries(sheet.blocks))
      if (COLOURS[role] && row >= top && row <= bottom && col >= left && col <= right) return COLOURS[role];
    return "";
  };
  const formulas = new Set(sheet.formulas.map(([row, col]) => `${row},${col}`));
  const width = sheet.rows[0]?.length ?? 0;
  const head = make("tr", {}, make("td"), ...Array.from({length: width}, (_, n) => make("th", {scope: "col", textContent: column(n + 1)})));
  const body = sheet.rows.map((cells, r) => make("tr", {}, make("th", {scope: "row", textContent: r + 1}), ...cells.map((value, c) => {
    const cell = make("td", {textContent: shown(value), className: colour(r + 1, c + 1)});
    if (typeof value === "number") cell.classList.add("number");
    else if (value) cell.title = value;
    if (formulas.has(`${r + 1},${c + 1}`)) cell.classList.add("formula");
    if (before && before.rows[r]?.[c] !== value) cell.classList.add("moved");
    return cell;
  })));
  return make("table", {}, make("caption", {className: "skip", textContent: `Cells of the sheet ${sheet.name}`}), make("thead", {}, head), make("tbody", {}, ...body));
}

/* Puts numbers that moved while a fit runs into a table that `table` made. */
export function move(shownTable, cells) {
  for (const [row, col, value] of cells) {
    const cell = shownTable.tBodies[0].rows[row - 1]?.cells[col];
    if (!cell) continue;
    cell.textContent = shown(value);
    cell.classList.add("moved");
  }
}

/* What `collabsheet inspect` says of a sheet, in a sentence. */
export function sentence({name, found}) {
  if (found.recognised)
    return `${found.variant}, ${found.form}: ${found.n_ratings} ratings of ${found.n_users} users and ${found.n_items} items, ${found.n_factors} factors; RMSE ${found.rmse.toFixed(6)} now.`;
  if (found.training) return found.training.told;
  if (found.problem?.solvable) return `Solved by its formulas: ${found.problem.kind}; ${found.problem.n_cells} changing cells.`;
  const reason = (found.reason || "").replace(`${name}: `, "");
  return reason ? `Not recognised: ${reason}` : "";
}

export const legend = sheet => Object.entries(sheet.blocks).filter(([role]) => COLOURS[role]).map(([role, [top, left, bottom, right]]) =>
  make("li", {className: COLOURS[role], textContent: `${WORDS[role]} ${column(left)}${top}` + (top === bottom && left === right ? "" : `:${column(right)}${bottom}`)}));

export {make};
