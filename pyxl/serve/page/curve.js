// Draws RMSE by epoch: training in a line, held-out ratings in a dashed one.
const NAMESPACE = "http://www.w3.org/2000/svg", ROOM = {left: 56, right: 12, top: 12, bottom: 24};

const draw = (name, attributes, text) => {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

export function curve(svg, points) {
  const {width, height} = svg.getBoundingClientRect();
  const values = points.flatMap(p => [p.value, p.held]).filter(Number.isFinite);
  const low = Math.min(...values), high = Math.max(...values), last = Math.max(1, points.at(-1).at);
  const x = at => ROOM.left + at / last * (width - ROOM.left - ROOM.right);
  const y = value => ROOM.top + (high - value) / (high - low || 1) * (height - ROOM.top - ROOM.bottom);
  const line = (of, kind) => draw("polyline", {class: kind, points: points.filter(p => Number.isFinite(of(p))).map(p => `${x(p.at)},${y(of(p))}`).join(" ")});
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-label", `RMSE by epoch, from ${points[0].value.toPrecision(4)} to ${points.at(-1).value.toPrecision(4)} at ${last}`);
  svg.replaceChildren(
    draw("line", {class: "axis", x1: ROOM.left, x2: width - ROOM.right, y1: height - ROOM.bottom, y2: height - ROOM.bottom}),
    draw("line", {class: "axis", x1: ROOM.left, x2: ROOM.left, y1: ROOM.top, y2: height - ROOM.bottom}),
    draw("text", {x: ROOM.left - 6, y: ROOM.top + 8, "text-anchor": "end"}, high.toPrecision(3)),
    draw("text", {x: ROOM.left - 6, y: height - ROOM.bottom, "text-anchor": "end"}, low.toPrecision(3)),
    draw("text", {x: ROOM.left, y: height - 6}, "0"),
    draw("text", {x: width - ROOM.right, y: height - 6, "text-anchor": "end"}, String(last)),
    line(p => p.value, "training"), line(p => p.held, "held"));
}

/* The drawing as a file of its own: what the page's style sheet says is written into it. */
export function asFile(svg) {
  const copy = svg.cloneNode(true), originals = svg.querySelectorAll("*");
  copy.setAttribute("xmlns", NAMESPACE);
  copy.querySelectorAll("*").forEach((element, n) => {
    const style = getComputedStyle(originals[n]);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family"]) element.setAttribute(name, style.getPropertyValue(name));
  });
  copy.prepend(draw("rect", {width: "100%", height: "100%", fill: getComputedStyle(document.body).backgroundColor}));
  return new Blob([new XMLSerializer().serializeToString(copy)], {type: "image/svg+xml"});
}
