// The page: a workbook is opened, looked at, fitted and downloaded; in the other view films are rated.
import {ask, json, run, stop, upload} from "./service.js";
import {asFile, curve} from "./curve.js";
import {legend, make, move, sentence, table} from "./grid.js";

const $ = id => document.getElementById(id);
let book, sheets = [], before = [], chosen = 0, running = null;

function say(text, wrong = false) {
  $("said").textContent = text;
  $("said").classList.toggle("wrong", wrong);
}

/* Runs what a button does; a refusal is told in the service's own sentence. */
async function attempt(doing, work) {
  say(doing);
  $("main").setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (why) {
    say(why.message, true);
  } finally {
    $("main").removeAttribute("aria-busy");
    $("fit").disabled = false;
    $("stop").disabled = true;
    running = null;
  }
}

function show(result, earlier = []) {
  before = earlier;
  sheets = seen(result);
  $("drop").hidden = true;
  $("book").hidden = false;
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
  $("grid").replaceChildren(table(sheet, before.find(({name}) => name === sheet.name)));
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
  const result = await run({kind: uploaded.is_workbook ? "inspect" : "new", book: uploaded.book, show: true});
  book = uploaded.is_workbook ? {id: uploaded.book, name: uploaded.name} : {id: result.book, name: result.name};
  opened(result);
});

function opened(result) {
  chosen = firstModel(seen(result));
  $("results").replaceChildren();
  $("curve-figure").hidden = true;
  show(result);
  const models = result.sheets.filter(sheet => sheet.found.recognised || sheet.found.problem?.solvable).length;
  say(models ? `${models} of ${result.sheets.length} sheets can be fitted.` : "No sheet of this workbook can be fitted; each says why.", !models);
  $("fit").focus();
}

$("file").addEventListener("change", event => event.target.files[0] && open(event.target.files[0]));
$("demo").addEventListener("click", () => attempt("Building the demo …", async () => {
  const result = await run({kind: "demo", show: true});
  book = {id: result.book, name: result.name};
  opened(result);
}));
for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, event => {
  event.preventDefault();
  $("drop").classList.toggle("over", kind === "dragover");
  if (kind === "drop" && event.dataTransfer.files[0] && !running) open(event.dataTransfer.files[0]);
});
$("another").addEventListener("click", () => { $("book").hidden = true; $("drop").hidden = false; $("file").value = ""; say(""); $("file").focus(); });

function options() {
  const given = {};
  if ($("optimizer").value) given.optimizer = $("optimizer").value;
  if ($("start-values").value) given.start = $("start-values").value;
  const decay = $("weight-decay").value.trim().replace(",", ".");
  if (decay) given.weight_decay = decay === "auto" ? "auto" : Number(decay);
  return given;
}

$("fit").addEventListener("click", () => attempt("Fitting …", async () => {
  const curves = {}, asked = {kind: "fit", book: book.id, options: options(), view: sheets[chosen].name, show: true};
  if ($("which").value === "this") asked.sheets = [sheets[chosen].name];
  $("fit").disabled = true;
  $("results").replaceChildren();
  let waiting = false;
  const result = await run(asked, {
    began: job => { running = job; $("stop").disabled = false; },
    told: event => {
      if (event.cells) {
        if (event.sheet === sheets[chosen].name) move($("grid").firstChild, event.cells);
        return;
      }
      const points = curves[event.sheet] ??= [];
      points.push({at: event.epoch ?? event.step, value: event.rmse ?? event.objective, held: event.held_out});
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        $("curve-figure").hidden = false;
        $("curve-now").textContent = `of ${event.sheet}: ${points.at(-1).value.toPrecision(6)} at ${points.at(-1).at}`;
        curve($("curve"), points);
      });
    }});
  book = {id: result.book, name: result.name};
  show(result, sheets);
  $("results").replaceChildren(...Object.entries(result.results).map(([name, one]) =>
    make("li", {}, make("b", {textContent: name}), one.told, ...[one.stop, ...(one.notes || [])].filter(Boolean).map(note => make("small", {textContent: note})))));
  say(result.stopped ? "Stopped; the best so far was kept." : "Fitted. Download the workbook; nothing else in it was touched.");
}));
$("stop").addEventListener("click", async () => { if (running) { say("Stopping …"); await stop(running).catch(why => say(why.message, true)); } });
function save(content, name) {
  const address = URL.createObjectURL(content);
  make("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

$("download").addEventListener("click", () => attempt("", async () => save(await (await ask(`/api/books/${book.id}/file`)).blob(), book.name)));
$("download-curve").addEventListener("click", () => save(asFile($("curve")), `${book.name.replace(/\.\w+$/, "")}-curve.svg`));

// ---- films

async function films() {
  if ($("rate").childElementCount) return;
  await attempt("", async () => {
    const {films} = await run({kind: "films"});
    $("rate").replaceChildren(...films.map(({item, title}) => {
      const choice = make("select", {name: item}, make("option", {value: "", textContent: "not seen"}),
        ...[5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5].map(stars => make("option", {value: stars, textContent: stars === 1 ? "1 star" : `${stars} stars`})));
      return make("label", {}, title, choice);
    }));
  });
}

$("rating-form").addEventListener("submit", event => {
  event.preventDefault();
  attempt("Looking for films …", async () => {
    const ratings = Object.fromEntries([...new FormData(event.target)].filter(([, stars]) => stars).map(([item, stars]) => [item, Number(stars)]));
    const found = await run({kind: "rate_films", ratings});
    $("best").replaceChildren(...found.films.map(({title, prediction}) => make("li", {}, `${title} `, make("span", {textContent: prediction.toFixed(1)}))));
    say("Here are ten films, best first.");
  });
});

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
