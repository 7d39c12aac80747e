// The pane's own code against Microsoft's mock of Office.js. Run by tests/test_task_pane.py in a folder with copies of page/ and pane/.
import assert from "node:assert/strict";
import {OfficeMockObject} from "office-addin-mock";

const excel = new OfficeMockObject({
  context: {workbook: {worksheets: {
    bias: {name: "bias", getRange(address) { return this[address]; }, "A1:B1": {values: [[1, ""]]}, "A3:A4": {values: [["x"], [4]]}},
    getActiveWorksheet() { return this.bias; },
    getItem(name) { return this[name]; },
  }}},
  async run(work) { return work(this.context); },
});
const bytes = [80, 75, 3, 4, 5], stored = {}, answered = value => ({status: "succeeded", value});
let closed = 0, saved = 0;
globalThis.Excel = excel;
globalThis.Office = {context: {document: {
  url: "C:\\books\\my%20films.xlsm?web=1",
  getFileAsync: (kind, {sliceSize}, done) => done(answered({
    sliceCount: 2, getSliceAsync: (n, got) => got(answered({data: bytes.slice(3 * n, 3 * n + 3)})), closeAsync: () => closed++})),
  settings: {get: name => stored[name], set: (name, value) => { stored[name] = value; }, saveAsync: done => { saved++; done(answered()); }},
}}};
const pane = await import("./pane/excel.js"), sheet = excel.context.workbook.worksheets.bias;
const written = address => { sheet[address].load("values"); return excel.context.sync().then(() => sheet[address].values); };

assert.equal(pane.workbookName(), "my films.xlsm");
assert.deepEqual([...new Uint8Array(await (await pane.workbookBytes()).arrayBuffer())], bytes);
assert.equal(closed, 1);
assert.equal(await pane.activeSheet(), "bias");
const blocks = [{sheet: "bias", range: "A1:B1", before: [[1, null]], after: [[0.25, null]]}, {sheet: "bias", range: "A3:A4", before: [["x"], [4]], after: [["x"], [5]]}];
await pane.write(blocks);
assert.deepEqual([await written("A1:B1"), await written("A3:A4")], [[[0.25, ""]], [["x"], [5]]]);
assert.equal(await pane.valueOf("bias", "A3:A4"), "x");
await assert.rejects(pane.write(blocks), /'bias'!A1:B1 was changed while the fit ran/);      // they hold what was written, not what stood before
assert.deepEqual(await written("A3:A4"), [["x"], [5]]);
await pane.keep("bias", blocks);
await pane.putBack(pane.kept().bias);
assert.deepEqual([await written("A1:B1"), saved], [[[1, ""]], 1]);
await assert.rejects(async () => {
  Office.context.document.getFileAsync = (kind, options, done) => done({status: "failed", error: {message: "Protected view."}});
  await pane.workbookBytes();
}, /Protected view/);

// ---- functions: those that are asked for at the same time go together
const asked = [], tokens = {token: "t"}, associated = {};
globalThis.location = {hash: "", pathname: "/"};
globalThis.sessionStorage = {getItem: () => null, removeItem() {}};
globalThis.localStorage = {getItem: name => tokens[name] ?? null, setItem: (name, value) => { tokens[name] = value; }};
globalThis.CustomFunctions = {
  associate: (name, run) => { associated[name] = run; },
  Error: class extends Error { constructor(code, message) { super(message); this.code = code; } }, ErrorCode: {notAvailable: "#N/A"},
};
let values = [[[1, 2]], 0.5, "n is blank."], refuse = false;
globalThis.fetch = async (path, {body, headers}) => {
  if (refuse) return {ok: false, status: 401, json: async () => ({error: "This needs a token."})};
  if (path === "/api/jobs") { asked.push([JSON.parse(body), headers.Authorization]); return {ok: true, json: async () => ({job: "j"})}; }
  const over = `event: over\ndata: ${JSON.stringify({state: "done", result: {values}})}\n\n`;
  return {ok: true, body: new Blob([over]).stream()};
};
const functions = await import("./pane/functions.js"), invocation = {address: "A1"};
assert.deepEqual(Object.keys(associated), Object.keys(functions.FUNCTIONS));
const [table, rmse, sentence] = await Promise.all([associated.CF_PREDICT([[1]], [[2, ""]], null, undefined, null, null, invocation),
  associated.CF_RMSE([[1]], [[2]], invocation), associated.CF_SIMILAR([[1]], [[1]], [[""]], null, invocation)]);
assert.deepEqual([table, rmse, sentence], [[[1, 2]], 0.5, [["n is blank."]]]);
assert.deepEqual(asked, [[{kind: "cells", calls: [["CF_PREDICT", [[[1]], [[2, null]], null, null, null, null]], ["CF_RMSE", [[[1]], [[2]]]],
  ["CF_SIMILAR", [[[1]], [[1]], [[null]], null]]]}, "Bearer t"]]);
refuse = true;
await assert.rejects(associated.CF_RMSE([[1]], [[2]], invocation), error => error.code === "#N/A" && /needs a token/.test(error.message));
(await import("./page/service.js")).signIn("https://localhost:8365/#token=new");
assert.equal(tokens.token, "new");
console.log("everything holds");
