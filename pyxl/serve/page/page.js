// The page: a workbook is opened, looked at, fitted and downloaded; in the other view films are rated.
import {json, run, upload} from "./service.js";
import {asFile} from "./curve.js";
import {legend, make, sentence} from "./grid.js";
import {sheetGrid} from "./sheet_grid.js";
import {$, another, attempt, began, busy, drawing, save, saveFile, say, showPart} from "./parts.js";
import {films} from "./films.js";
import {openRatings} from "./training.js";

let book, sheets = [], before = [], chosen = 0, shownGrid;

function show(result, earlier = []) {
  before = earlier;
  sheets = seen(result);
  showPart("book");
  $("book-name").textContent = book.name;
  $("tabs").replaceChildren(...sheets.map((sheet, n) => {
    const tab = make("button", {type: "button", id: `tab-${n}`, textContent: sheet.name});
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "sheet");
    tab.addEventListener("click", () => choose(n));
    return tab;
  }));
  choose(Math.min(chosen, sheets.length - 1));
}

function choose(n) {
  chosen = n;
  const sheet = sheets[n];
  [...$("tabs").children].forEach((tab, place) => {
    tab.setAttribute("aria-selected", place === n);
    tab.tabIndex = place === n ? 0 : -1;
  });
  $("sheet").setAttribute("aria-labelledby", `tab-${n}`);
  $("found").textContent = sentence(sheet);
  $("legend").replaceChildren(...legend(sheet));
  shownGrid = sheetGrid($("grid"), sheet, before.find(({name}) => name === sheet.name));
  $("clipped").hidden = sheet.all_shown;
}

$("tabs").addEventListener("keydown", event => {
  const steps = {ArrowRight: 1, ArrowLeft: -1, Home: -chosen, End: sheets.length - 1 - chosen}[event.key];
  if (steps === undefined) return;
  choose((chosen + steps + sheets.length) % sheets.length);
  $(`tab-${chosen}`).focus();
  event.preventDefault();
});

const seen = result => result.sheets.filter(({hidden}) => !hidden);
const firstModel = found => Math.max(0, found.findIndex(sheet => sheet.found.recognised));

const open = file => attempt(`Reading ${file.name} …`, async () => {
  const uploaded = await upload(file);
  if (!uploaded.is_workbook) return openRatings({id: uploaded.book, name: uploaded.name}, made);
  const result = await run({kind: "inspect", book: uploaded.book, show: true});
  book = {id: uploaded.book, name: uploaded.name};
  opened(result);
});

/* A job has made a workbook. */
function made(result) {
  book = {id: result.book, name: result.name};
  opened(result);
}

function opened(result) {
  chosen = firstModel(seen(result));
  $("results").replaceChildren();
  $("curve-figure").hidden = true;
  show(result);
  const models = result.sheets.filter(sheet => sheet.found.recognised || sheet.found.problem?.solvable).length;
  say(models ? `${models} of ${result.sheets.length} sheets can be fitted.` : "No sheet of this workbook can be fitted; each says why.", !models);
  $("fit").disabled = false;
  $("fit").focus();
}

$("file").addEventListener("change", event => event.target.files[0] && open(event.target.files[0]));
$("demo").addEventListener("click", () => attempt("Building the demo …", async () => {
  made(await run({kind: "demo", show: true}));
}));
for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, event => {
  event.preventDefault();
  $("drop").classList.toggle("over", kind === "dragover");
  if (kind === "drop" && event.dataTransfer.files[0] && !busy()) open(event.dataTransfer.files[0]);
});
for (const id of ["another", "other-ratings"]) $(id).addEventListener("click", another);

function options() {
  const given = {};
  if ($("optimizer").value) given.optimizer = $("optimizer").value;
  if ($("start-values").value) given.start = $("start-values").value;
  const decay = $("weight-decay").value.trim().replace(",", ".");
  if (decay) given.weight_decay = decay === "auto" ? "auto" : Number(decay);
  return given;
}

const draw = drawing("curve-figure", "curve", "curve-now");

$("fit").addEventListener("click", () => attempt("Fitting …", async () => {
  const curves = {}, asked = {kind: "fit", book: book.id, options: options(), view: sheets[chosen].name, show: true};
  if ($("which").value === "this") asked.sheets = [sheets[chosen].name];
  $("results").replaceChildren();
  const result = await run(asked, {
    began: job => began(job, "stop"),
    told: event => {
      if (event.cells) {
        if (event.sheet === sheets[chosen].name) shownGrid.move(event.cells);
        return;
      }
      const points = curves[event.sheet] ??= [];
      points.push({at: event.epoch ?? event.step, value: event.rmse ?? event.objective, held: event.held_out});
      draw(points, `of ${event.sheet}: ${points.at(-1).value.toPrecision(6)} at ${points.at(-1).at}`);
    }});
  book = {id: result.book, name: result.name};
  show(result, sheets);
  $("results").replaceChildren(...Object.entries(result.results).map(([name, one]) =>
    make("li", {}, make("b", {textContent: name}), one.told, ...[one.stop, ...(one.notes || [])].filter(Boolean).map(note => make("small", {textContent: note})))));
  say(result.stopped ? "Stopped; the best so far was kept." : "Fitted. Download the workbook; nothing else in it was touched.");
}));
$("download").addEventListener("click", () => saveFile(book));
$("download-curve").addEventListener("click", () => save(asFile($("curve")), `${book.name.replace(/\.\w+$/, "")}-curve.svg`));

function view() {
  const wanted = location.hash === "#films" ? "films" : "workbook";
  for (const name of ["workbook", "films"]) {
    $(`${name}-view`).hidden = name !== wanted;
    if (name === wanted) $(`to-${name}`).setAttribute("aria-current", "page"); else $(`to-${name}`).removeAttribute("aria-current");
  }
  if (wanted === "films") films();
}

addEventListener("hashchange", view);
json("/api/status").then(({optimizers}) => $("optimizer").replaceChildren(make("option", {value: "", textContent: "as the workbook says"}),
  ...optimizers.map(name => make("option", {textContent: name})))).catch(why => say(why.message, true));
view();
