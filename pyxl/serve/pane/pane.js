// The task pane: what the page does, with the workbook that is open in Excel.
import {json, run, signIn, stop, upload} from "../page/service.js";
import {curve} from "../page/curve.js";
import {column, legend, make, sentence} from "../page/grid.js";
import {activeSheet, keep, kept, putBack, valueOf, workbookBytes, workbookName, write} from "./excel.js";

const $ = id => document.getElementById(id), AGREE = 1e-9;
let running = null;

function say(text, wrong = false) {
  $("said").textContent = text;
  $("said").classList.toggle("wrong", wrong);
}

/* Runs what a button does; a refusal is told in the service's own sentence, or Excel's. */
async function attempt(doing, work) {
  say(doing);
  for (const name of ["fit", "restore", "inspect"]) $(name).disabled = true;
  try {
    await work();
  } catch (why) {
    say(why.message, true);
  } finally {
    for (const name of ["fit", "restore", "inspect"]) $(name).disabled = false;
    $("stop").disabled = true;
    running = null;
  }
}

async function sent() {
  const name = workbookName(), bytes = await workbookBytes();
  return (await upload({name, body: bytes})).book;
}

function found(sheet) {
  $("found").textContent = sentence(sheet) || "Nothing was found on this sheet.";
  $("legend").replaceChildren(...legend(sheet));
}

$("inspect").addEventListener("click", () => attempt("Reading the workbook …", async () => {
  const name = await activeSheet(), {sheets} = await run({kind: "inspect", book: await sent()});
  found(sheets.find(sheet => sheet.name === name));
  say(`This is what was found on '${name}'.`);
}));

function options() {
  const given = {}, decay = $("weight-decay").value.trim().replace(",", ".");
  if ($("optimizer").value) given.optimizer = $("optimizer").value;
  if ($("start-values").value) given.start = $("start-values").value;
  if (decay) given.weight_decay = decay === "auto" ? "auto" : Number(decay);
  return given;
}

$("fit").addEventListener("click", () => attempt("Sending the workbook …", async () => {
  const name = await activeSheet(), points = [], book = await sent();
  $("results").replaceChildren();
  say(`Fitting '${name}' …`);
  const result = await run({kind: "fit", book, sheets: [name], options: options(), show: true, parameters: true}, {
    began: job => { running = job; $("stop").disabled = false; },
    told: event => {
      points.push({at: event.epoch ?? event.step, value: event.rmse ?? event.objective, held: event.held_out});
      $("curve-figure").hidden = false;
      $("curve-now").textContent = `${points.at(-1).value.toPrecision(6)} at ${points.at(-1).at}`;
      requestAnimationFrame(() => curve($("curve"), points));
    }});
  const blocks = result.parameters[name] || [], one = result.results[name], sheet = result.sheets.find(sheet => sheet.name === name);
  await write(blocks);
  await keep(name, blocks);
  found(sheet);
  $("results").replaceChildren(make("li", {}, make("b", {textContent: name}), one.told,
    ...[one.stop, ...(one.notes || [])].filter(Boolean).map(note => make("small", {textContent: note}))));
  say(await agreed(name, sheet, one) || (result.stopped ? "Stopped; the best so far is on the sheet." : "Fitted. Only the parameter cells were written."));
}));

/* A sentence where the sheet's own RMSE, as Excel calculates it, is not that of the fit. */
async function agreed(name, sheet, {rmse_after: ours}) {
  if (!sheet.blocks.rmse || sheet.found.measure !== "rmse") return "";
  const [top, left] = sheet.blocks.rmse, cell = `${column(left)}${top}`, theirs = await valueOf(name, cell);
  return typeof theirs === "number" && Math.abs(theirs - ours) <= AGREE * Math.max(1, Math.abs(ours)) ? ""
    : `'${name}'!${cell} says ${theirs} where the fit says ${ours}. If this workbook calculates by hand, press F9.`;
}

$("stop").addEventListener("click", async () => { if (running) { say("Stopping …"); await stop(running).catch(why => say(why.message, true)); } });

$("restore").addEventListener("click", () => attempt("", async () => {
  const name = await activeSheet(), blocks = kept()[name];
  if (!blocks) throw new Error(`This workbook keeps nothing of '${name}' from before a fit of this pane.`);
  await putBack(blocks);
  say(`'${name}' has the parameters of before its last fit.`);
}));

async function connected() {
  try {
    const {optimizers} = await json("/api/status");
    $("optimizer").replaceChildren(make("option", {value: "", textContent: "as the workbook says"}), ...optimizers.map(name => make("option", {textContent: name})));
    say("");
  } catch (why) {
    say(why.message, true);
    $("sign-in").hidden = false;
    return;
  }
  $("sign-in").hidden = true;
  $("work").hidden = false;
}

$("sign-in").addEventListener("submit", event => {
  event.preventDefault();
  signIn($("address").value.trim());
  connected();
});

if (globalThis.Office) Office.onReady(connected);
else say("This is the task pane of an add-in for Excel: it needs Microsoft's Office.js, which did not load.", true);
