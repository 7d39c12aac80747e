// The workbook that is open in Excel, through Excel's own interface (Office.js).
const SLICE = 1 << 20, KEPT = "collabsheet-before";     // bytes asked for at a time; where a workbook keeps what stood before a fit

const called = start => new Promise((done, failed) =>
  start(answer => answer.status === "succeeded" ? done(answer.value) : failed(new Error(answer.error?.message || "Excel does not answer."))));

/* What the workbook is called. */
export function workbookName() {
  const name = decodeURIComponent((Office.context.document.url || "").replaceAll("\\", "/").split("?")[0].split("/").pop());
  return /\.xls[xm]$/i.test(name) ? name : "workbook.xlsx";
}

/* All of the workbook as it is now, as the bytes of a file; nothing is saved. */
export async function workbookBytes() {
  const file = await called(done => Office.context.document.getFileAsync("compressed", {sliceSize: SLICE}, done));
  try {
    const parts = [];
    for (let n = 0; n < file.sliceCount; n++) parts.push(new Uint8Array((await called(done => file.getSliceAsync(n, done))).data));
    return new Blob(parts);
  } finally {
    file.closeAsync(() => {});
  }
}

export const activeSheet = () => Excel.run(async context => {
  const sheet = context.workbook.worksheets.getActiveWorksheet();
  sheet.load("name");
  await context.sync();
  return sheet.name;
});

const blank = value => value === "" ? null : value;
const same = (rows, others) => rows.every((row, r) => row.every((value, c) => blank(value) === blank(others[r][c])));

/* Writes blocks {sheet, range, before, after}: `after`, where the cells still hold `before`. If somebody changed one of them, none is written. */
export const write = blocks => Excel.run(async context => {
  const ranges = blocks.map(({sheet, range}) => context.workbook.worksheets.getItem(sheet).getRange(range));
  for (const range of ranges) range.load("values");
  await context.sync();
  blocks.forEach(({sheet, range, before}, n) => {
    if (!same(before, ranges[n].values)) throw new Error(`'${sheet}'!${range} was changed while the fit ran. Nothing was written: press Fit again.`);
  });
  blocks.forEach(({after}, n) => { ranges[n].values = after.map(row => row.map(value => value ?? "")); });
  await context.sync();
});

/* Puts back what stood in blocks before. */
export const putBack = blocks => Excel.run(async context => {
  for (const {sheet, range, before} of blocks) context.workbook.worksheets.getItem(sheet).getRange(range).values = before.map(row => row.map(value => value ?? ""));
  await context.sync();
});

export const valueOf = (sheet, cell) => Excel.run(async context => {
  const range = context.workbook.worksheets.getItem(sheet).getRange(cell);
  range.load("values");
  await context.sync();
  return range.values[0][0];
});

/* What stood before the last fit of each sheet is kept in the workbook's settings of this add-in, which are saved with it. */
export const kept = () => JSON.parse(Office.context.document.settings.get(KEPT) || "{}");

export async function keep(sheet, blocks) {
  Office.context.document.settings.set(KEPT, JSON.stringify({...kept(), [sheet]: blocks.map(({sheet, range, before}) => ({sheet, range, before}))}));
  await called(done => Office.context.document.settings.saveAsync(done));
}
