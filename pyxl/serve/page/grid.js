// Says what was found on a sheet, in words and in a legend.
export const COLOURS = {ratings: "ratings", predictions: "predictions", user_factors: "factors", item_factors: "factors",
  user_bias: "biases", item_bias: "biases", rmse: "goal"};   // role of a block -> class
const WORDS = {ratings: "ratings", predictions: "predictions", user_factors: "users' factors", item_factors: "items' factors",
  user_bias: "users' biases", item_bias: "items' biases", rmse: "RMSE"};

const make = (name, properties = {}, ...inside) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...inside);
  return element;
};

export const column = n => n > 26 ? column(Math.floor((n - 1) / 26)) + column((n - 1) % 26 + 1) : String.fromCharCode(64 + n);

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
