// The second view: somebody new rates a few, by the example's films or by a model that was trained here, and sees ten.
import {run} from "./service.js";
import {make} from "./grid.js";
import {$, attempt, say} from "./parts.js";

const STARS = [5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5];
let model = null;

/* From now on the view asks of the items of a model, and answers by it. */
export function rateBy(trained) {
  model = trained;
  $("rate").replaceChildren();
  $("best").replaceChildren();
  $("films-head").textContent = "Rate five, see ten";
  $("films-note").textContent = `By the model of ${trained.of}; the items that most people rated.`;
  $("best").setAttribute("aria-label", "The ten that you will like most");
}

const named = stars => model ? String(stars) : stars === 1 ? "1 star" : `${stars} stars`;

export async function films() {
  if ($("rate").childElementCount) return;
  await attempt("", async () => {
    const {films, choices = STARS} = await run(model ? {kind: "to_rate", book: model.id} : {kind: "films"});
    $("rate").replaceChildren(...films.map(({item, title}) => make("label", {}, title, make("select", {name: item}, make("option", {value: "", textContent: "not rated"}),
      ...choices.map(stars => make("option", {value: stars, textContent: named(stars)}))))));
  });
}

$("rating-form").addEventListener("submit", event => {
  event.preventDefault();
  attempt("Looking …", async () => {
    const ratings = Object.fromEntries([...new FormData(event.target)].filter(([, stars]) => stars).map(([item, stars]) => [item, Number(stars)]));
    const found = await run(model ? {kind: "rate", book: model.id, ratings} : {kind: "rate_films", ratings});
    $("best").replaceChildren(...found.films.map(({title, prediction}) => make("li", {}, `${title} `, make("span", {textContent: prediction.toFixed(1)}))));
    say(`Here are ${found.films.length}, best first.`);
  });
});
