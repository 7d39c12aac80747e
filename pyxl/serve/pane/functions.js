// The functions CF.PREDICT and so on, for cells: the service computes them, many in one job.
import {run} from "../page/service.js";

// what each takes at most; Excel hands over one argument more
export const FUNCTIONS = {CF_PREDICT: 6, CF_RMSE: 2, CF_SIMILAR: 4, CF_FOLD_IN: 7, CF_TOP_N: 4, CF_FIT: 5, CF_FILL: 5};
const ONE_VALUE = new Set(["CF_RMSE"]), WAIT = 40, MOST_CALLS = 50, MOST_SIGNS = 900_000;  // milliseconds; calls and signs of one job
let waiting = [];

const blank = value => Array.isArray(value) ? value.map(blank) : value === "" || value === undefined ? null : value;

/* Asks for the value of a function; those that are asked for at the same time go together. */
export function call(name, given) {
  return new Promise((done, failed) => {
    const text = JSON.stringify([name, blank(given.slice(0, FUNCTIONS[name]))]);
    if (!waiting.length) setTimeout(send, WAIT);
    waiting.push({name, text, done, failed});
  });
}

function send() {
  let calls = [], signs = 0;
  const all = waiting;
  waiting = [];
  for (const one of all) {
    if (calls.length === MOST_CALLS || calls.length && signs + one.text.length > MOST_SIGNS) { ask(calls); calls = []; signs = 0; }
    calls.push(one);
    signs += one.text.length;
  }
  ask(calls);
}

async function ask(calls) {
  try {
    const {values} = await run({kind: "cells", calls: calls.map(({text}) => JSON.parse(text))});
    calls.forEach(({name, done}, n) => done(ONE_VALUE.has(name) || Array.isArray(values[n]) ? values[n] : [[values[n]]]));
  } catch (why) {
    for (const {failed} of calls) failed(new CustomFunctions.Error(CustomFunctions.ErrorCode.notAvailable, why.message));
  }
}

export const associate = () => Object.keys(FUNCTIONS).forEach(name => CustomFunctions.associate(name, (...given) => call(name, given)));

if (globalThis.CustomFunctions) associate();
