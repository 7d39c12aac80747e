// A table of ratings: a model is learnt from all of its rows while the curve is drawn, and downloaded, or made a workbook of.
import {run} from "./service.js";
import {make} from "./grid.js";
import {$, attempt, began, drawing, saveFile, say, showPart} from "./parts.js";
import {rateBy} from "./films.js";

const draw = drawing("train-figure", "train-curve", "train-now"), number = n => n.toLocaleString("en");
let ratings, model, made;

/* Shows what can be done with a table that was uploaded; `whenMade(result)` is called when a workbook was made. */
export function openRatings(uploaded, whenMade) {
  ratings = uploaded;
  made = whenMade;
  showPart("ratings");
  $("ratings-name").textContent = ratings.name;
  $("learnt-from").textContent = "";
  for (const id of ["train-figure", "trained"]) $(id).hidden = true;
  say("Train on all rows, or make a workbook of a few.");
  $("train").disabled = false;
  $("train").focus();
}

$("train").addEventListener("click", () => attempt("Reading the ratings …", async () => {
  const points = [];
  $("trained").hidden = true;
  const result = await run({kind: "train", book: ratings.id, effort: $("effort").value, holdout: Number($("holdout").value)}, {
    began: job => began(job, "stop-training"),
    told: event => {
      if (event.start) return started(event.start);
      points.push({at: event.epoch, value: event.rmse, held: event.held_out});
      draw(points, `${event.rmse.toPrecision(5)}${event.held_out === null ? "" : `, ${event.held_out.toPrecision(5)} held out (dashed)`}, at epoch ${event.epoch}`);
    }});
  model = {id: result.book, name: result.name, of: ratings.name};
  rateBy(model);
  $("verdict").textContent = `RMSE ${result.rmse.toFixed(4)}${result.holdout_rmse === null ? "" : `, ${result.holdout_rmse.toFixed(4)} held out`}, after ${number(result.epochs)} epochs. ${result.stop}`;
  $("trained-notes").replaceChildren(...result.notes.map(note => make("li", {textContent: note})));
  $("trained").hidden = false;
  say(result.stopped ? "Stopped; the best so far was kept." : "Trained.");
}));

function started({ratings: n, users, items, baseline, held_out: held}) {
  $("learnt-from").textContent = `${number(n)} ratings by ${number(users)} users of ${number(items)} items.` +
    (baseline === null ? "" : ` Biases alone predict the ${held ? "held-out" : "same"} ones with RMSE ${baseline.toFixed(4)}.`);
  say("Training …");
}

$("download-model").addEventListener("click", () => saveFile(model));
$("make-book").addEventListener("click", () => attempt("Building a workbook …", async () => made(await run({kind: "new", book: ratings.id, show: true}))));
$("export-book").addEventListener("click", () => attempt("Building a workbook …", async () => made(await run({kind: "export", book: model.id, show: true}))));
