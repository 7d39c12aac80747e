// What the parts of the page share: saying things, doing one thing at a time, drawing a curve while a job tells of it, saving files.
import {ask, stop} from "./service.js";
import {curve} from "./curve.js";
import {make} from "./grid.js";

export const $ = id => document.getElementById(id);
const BEGIN = ["fit", "train", "make-book", "export-book"], STOP = ["stop", "stop-training"];
let running = null;

export const busy = () => running !== null;

export function say(text, wrong = false) {
  $("said").textContent = text;
  $("said").classList.toggle("wrong", wrong);
}

/* Runs what a button does; a refusal is told in the service's own sentence. */
export async function attempt(doing, work) {
  say(doing);
  $("main").setAttribute("aria-busy", "true");
  for (const id of BEGIN) $(id).disabled = true;
  try {
    await work();
  } catch (why) {
    say(why.message, true);
  } finally {
    $("main").removeAttribute("aria-busy");
    for (const id of BEGIN) $(id).disabled = false;
    for (const id of STOP) $(id).disabled = true;
    running = null;
  }
}

/* From now on a button of these ends the job. */
export function began(job, button) {
  running = job;
  $(button).disabled = false;
}

for (const id of STOP) $(id).addEventListener("click", async () => {
  if (!running) return;
  say("Stopping …");
  await stop(running).catch(why => say(why.message, true));
});

/* Draws points as they come, once a frame: `add(points, words)`. */
export function drawing(figure, svg, now) {
  let waiting = null;
  return (points, words) => {
    const first = !waiting;
    waiting = {points, words};
    if (first) requestAnimationFrame(() => {
      $(figure).hidden = false;
      $(now).textContent = waiting.words;
      curve($(svg), waiting.points);
      waiting = null;
    });
  };
}

export function save(content, name) {
  const address = URL.createObjectURL(content);
  make("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const saveFile = ({id, name}) => attempt("", async () => save(await (await ask(`/api/books/${id}/file`)).blob(), name));

/* Shows one of the three: where to drop, the ratings, or the book. */
export function showPart(part) {
  for (const id of ["drop", "ratings", "book"]) $(id).hidden = id !== part;
}

/* Another file is asked for. */
export function another() {
  showPart("drop");
  $("file").value = "";
  say("");
  $("file").focus();
}
