"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const say = data.texts;
const canvas = document.getElementById("map");
const context = canvas.getContext("2d");
const tip = document.querySelector(".tip");
const view = { x: 0, y: 0, scale: 1 };
let width = 0, height = 0, ratio = 1, queued = false, hovered = null;

// Coordinates come as whole decimetres, each point but the first as the step from the one before.
function decode(parts) {
  return parts.map((flat) => {
    const out = new Float64Array(flat.length);
    let x = 0, y = 0;
    for (let i = 0; i < flat.length; i += 2) {
      x += flat[i]; y += flat[i + 1];
      out[i] = x / 10; out[i + 1] = -y / 10;
    }
    return out;
  });
}

for (const layer of data.layers) {
  layer.shapes = layer.shapes.map(decode);
  layer.boxes = layer.shapes.map(box);
  layer.groups = grouped(layer);
}

function box(parts) {
  const found = [Infinity, Infinity, -Infinity, -Infinity];
  for (const part of parts) for (let i = 0; i < part.length; i += 2) {
    found[0] = Math.min(found[0], part[i]); found[1] = Math.min(found[1], part[i + 1]);
    found[2] = Math.max(found[2], part[i]); found[3] = Math.max(found[3], part[i + 1]);
  }
  return found;
}

// One path for all shapes that look the same: by origin, by width (streets) and tint (buildings).
function grouped(layer) {
  const groups = new Map();
  layer.shapes.forEach((parts, row) => {
    const inferred = layer.inferred ? layer.inferred[row] : 0;
    const size = layer.sizes ? layer.sizes[row] : 0;
    const tint = layer.tints ? layer.tints[row] : -1;
    const key = inferred + "/" + size + "/" + tint;
    if (!groups.has(key)) groups.set(key, { inferred, size, tint, rows: [], path: new Path2D() });
    const group = groups.get(key);
    group.rows.push(row);
    if (layer.kind !== "point") for (const part of parts) trace(group.path, part, layer.kind);
  });
  return [...groups.values()].sort((a, b) => a.size - b.size || b.inferred - a.inferred);
}

function trace(path, part, kind) {
  path.moveTo(part[0], part[1]);
  for (let i = 2; i < part.length; i += 2) path.lineTo(part[i], part[i + 1]);
  if (kind === "area") path.closePath();
}

function draw() {
  queued = false;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const s = view.scale * ratio;
  context.setTransform(s, 0, 0, s, canvas.width / 2 - view.x * s, canvas.height / 2 - view.y * s);
  context.lineCap = context.lineJoin = "round";
  for (const layer of data.layers) if (layer.shown) painters[layer.kind](layer);
  if (hovered) highlight();
  scalebar();
}

const painters = {
  area(layer) {
    for (const group of layer.groups) {
      const colour = group.tint >= 0 ? data.tints[group.tint][1] : layer.colour;
      context.globalAlpha = group.inferred ? 0.35 : layer.tints ? 1 : 0.55;
      context.fillStyle = colour;
      context.fill(group.path, "evenodd");
      context.globalAlpha = group.inferred ? 0.9 : 0.45;
      stroke(group.path, layer.tints ? "#8d8577" : layer.colour, 0.8 / view.scale,
        group.inferred ? [3 / view.scale, 2.5 / view.scale] : []);
    }
    context.globalAlpha = 1;
  },
  line(layer) {
    if (layer.sizes) return streets(layer);
    for (const group of layer.groups) {
      context.globalAlpha = 0.85;
      stroke(group.path, layer.colour, 1.3 / view.scale,
        group.inferred ? [5 / view.scale, 3 / view.scale] : []);
    }
    context.globalAlpha = 1;
  },
  point(layer) {
    const size = Math.max(1.2, Math.min(5, 2.4 * Math.sqrt(view.scale)));
    const radius = size / view.scale;
    context.lineWidth = 1.2 / view.scale;
    context.strokeStyle = context.fillStyle = layer.colour;
    const seen = bounds();
    for (const group of layer.groups) {
      const path = new Path2D();
      for (const row of group.rows) {
        const [x, y] = layer.shapes[row][0];
        if (x < seen[0] || x > seen[2] || y < seen[1] || y > seen[3]) continue;
        path.moveTo(x + radius, y);
        path.arc(x, y, radius, 0, 6.2832);
      }
      if (group.inferred) { context.fillStyle = "#ffffffb0"; context.fill(path); context.stroke(path); }
      else { context.fillStyle = layer.colour; context.fill(path); }
    }
  },
};

function streets(layer) {
  const least = (group) => Math.max(group.size, (group.size > 8 ? 2.4 : 1.4) / view.scale);
  for (const group of layer.groups) stroke(group.path, "#a8a39a", least(group) + 1.6 / view.scale);
  for (const group of layer.groups) stroke(group.path, "#ffffff", least(group));
}

function stroke(path, colour, size, dash = []) {
  context.strokeStyle = colour;
  context.lineWidth = size;
  context.setLineDash(dash);
  context.stroke(path);
  context.setLineDash([]);
}

function highlight() {
  const path = new Path2D();
  const { layer, row } = hovered;
  if (layer.kind === "point") {
    const [x, y] = layer.shapes[row][0];
    path.arc(x, y, 8 / view.scale, 0, 6.2832);
  } else for (const part of layer.shapes[row]) trace(path, part, layer.kind);
  stroke(path, "#d4380d", 2.5 / view.scale);
}

function bounds(margin = 10) {
  const w = (width / 2 + margin) / view.scale, h = (height / 2 + margin) / view.scale;
  return [view.x - w, view.y - h, view.x + w, view.y + h];
}

function scalebar() {
  const target = 110 / view.scale, power = 10 ** Math.floor(Math.log10(target));
  const length = [5, 2, 1].map((n) => n * power).find((n) => n <= target);
  const bar = document.querySelector(".bar");
  bar.style.width = length * view.scale + "px";
  document.querySelector(".bartext").textContent =
    length >= 1000 ? number(length / 1000) + " km" : number(length) + " m";
}

function number(value) { return value.toLocaleString(data.language); }

function redraw() { if (!queued) { queued = true; requestAnimationFrame(draw); } }

function fit() {
  const [left, top, right, bottom] = data.extent;
  const panel = width > 640 ? 316 : 0;
  view.scale = 0.94 * Math.min((width - panel) / (right - left), height / (bottom - top));
  view.x = (left + right) / 2 - panel / 2 / view.scale;
  view.y = -(top + bottom) / 2;
  redraw();
}

function resize() {
  ratio = window.devicePixelRatio || 1;
  width = window.innerWidth; height = window.innerHeight;
  canvas.width = width * ratio; canvas.height = height * ratio;
  redraw();
}

function zoom(factor, px = width / 2, py = height / 2) {
  const next = Math.max(0.005, Math.min(40, view.scale * factor));
  const dx = px - width / 2, dy = py - height / 2;
  view.x += dx / view.scale - dx / next;
  view.y += dy / view.scale - dy / next;
  view.scale = next;
  redraw();
}

// What lies under the pointer: points before lines before areas, upper layers first.
function pick(px, py) {
  const x = view.x + (px - width / 2) / view.scale, y = view.y + (py - height / 2) / view.scale;
  for (let i = data.layers.length - 1; i >= 0; i--) {
    const layer = data.layers[i];
    if (!layer.shown) continue;
    const row = nearest(layer, x, y, (layer.kind === "point" ? 8 : 5) / view.scale);
    if (row >= 0) return { layer, row };
  }
  return null;
}

function nearest(layer, x, y, reach) {
  let best = -1, least = reach;
  const margin = layer.kind === "area" ? 0 : reach;
  for (let row = 0; row < layer.boxes.length; row++) {
    const b = layer.boxes[row];
    if (x < b[0] - margin || x > b[2] + margin || y < b[1] - margin || y > b[3] + margin) continue;
    if (layer.kind === "area") { if (inside(layer.shapes[row], x, y)) return row; continue; }
    const far = distance(layer.shapes[row], x, y);
    if (far < least) { least = far; best = row; }
  }
  return best;
}

function inside(parts, x, y) {
  let odd = false;
  for (const p of parts) for (let i = 0, j = p.length - 2; i < p.length; j = i, i += 2)
    if (p[i + 1] > y !== p[j + 1] > y &&
        x < (p[j] - p[i]) * (y - p[i + 1]) / (p[j + 1] - p[i + 1]) + p[i]) odd = !odd;
  return odd;
}

function distance(parts, x, y) {
  let least = Infinity;
  for (const p of parts) {
    if (p.length === 2) least = Math.min(least, Math.hypot(x - p[0], y - p[1]));
    for (let i = 2; i < p.length; i += 2) {
      const dx = p[i] - p[i - 2], dy = p[i + 1] - p[i - 1], along = dx * dx + dy * dy;
      const t = along ? ((x - p[i - 2]) * dx + (y - p[i - 1]) * dy) / along : 0;
      const u = Math.max(0, Math.min(1, t));
      least = Math.min(least, Math.hypot(x - p[i - 2] - u * dx, y - p[i - 1] - u * dy));
    }
  }
  return least;
}

function show(event) {
  const found = pick(event.clientX, event.clientY);
  const same = found && hovered && found.layer === hovered.layer && found.row === hovered.row;
  if (!same && (found || hovered)) { hovered = found; if (found) describe(found); redraw(); }
  tip.hidden = !found;
  if (!found) return;
  const x = event.clientX + 14, y = event.clientY + 14;
  tip.style.left = Math.max(4, x + tip.offsetWidth > width ? x - tip.offsetWidth - 28 : x) + "px";
  tip.style.top = Math.max(4, y + tip.offsetHeight > height ? y - tip.offsetHeight - 28 : y) + "px";
}

function describe({ layer, row }) {
  tip.replaceChildren();
  tip.append(node("b", layer.label + " " + layer.ids[row]));
  const table = tip.appendChild(node("table"));
  for (const [name, column] of Object.entries(layer.columns)) {
    const value = column.values ? column.values[column.codes[row]] : column[row];
    if (value === "" || value === null) continue;
    const line = table.appendChild(node("tr"));
    const text = typeof value === "number" ? number(value) : typeof value === "boolean"
      ? (value ? say.yes : say.no) : name === "origin" || name.endsWith("_origin")
      ? say[value] || value : value;
    line.append(node("td", name), node("td", text));
  }
}

function node(kind, text = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

const SVG = "http://www.w3.org/2000/svg";
function sample(layer) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", 30); svg.setAttribute("height", 14);
  const add = (kind, attributes) => {
    const made = svg.appendChild(document.createElementNS(SVG, kind));
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  };
  const both = layer.inferred && layer.inferred.includes(0) && layer.inferred.includes(1);
  const kinds = both ? [0, 1] : [layer.inferred && layer.inferred.length ? layer.inferred[0] : 0];
  kinds.forEach((inferred, i) => {
    const x = both ? 7 + 15 * i : 14, colour = layer.colour;
    if (layer.kind === "point") add("circle", { cx: x, cy: 7, r: 4.2, stroke: colour,
      "stroke-width": 1.4, fill: inferred ? "#fff" : colour });
    else if (layer.kind === "area") add("rect", { x: x - 6, y: 2, width: 12, height: 10,
      fill: colour, "fill-opacity": inferred ? 0.35 : 0.9, stroke: "#8d8577",
      "stroke-dasharray": inferred ? "3 2" : "none" });
    else add("line", { x1: x - 7, x2: x + 7, y1: 7, y2: 7, stroke: layer.sizes ? "#a8a39a" : colour,
      "stroke-width": layer.sizes ? 4 : 2, "stroke-dasharray": inferred ? "4 3" : "none" });
  });
  return svg;
}

for (const layer of [...data.layers].sort((a, b) => a.order - b.order)) {
  const label = document.createElement("label");
  label.className = "layer";
  const check = label.appendChild(document.createElement("input"));
  check.type = "checkbox";
  check.checked = layer.shown;
  check.addEventListener("change", () => { layer.shown = check.checked; hovered = null; redraw(); });
  label.append(sample(layer));
  label.appendChild(node("span", layer.label)).className = "name";
  const inferred = layer.inferred ? layer.inferred.reduce((sum, one) => sum + one, 0) : 0;
  const count = label.appendChild(node("span", number(layer.ids.length)));
  count.className = "count";
  if (layer.inferred) count.title =
    `${say.mapped}: ${number(layer.ids.length - inferred)}, ${say.inferred}: ${number(inferred)}`;
  document.getElementById("layers").append(label);
}
for (const [name, colour] of data.tints) {
  const entry = document.getElementById("tints").appendChild(node("span"));
  entry.appendChild(node("i")).style.background = colour;
  entry.append(name);
}

const held = new Map();
let apart = 0;
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  held.set(event.pointerId, [event.clientX, event.clientY]);
  canvas.classList.add("dragging");
  apart = spread();
});
canvas.addEventListener("pointermove", (event) => {
  const last = held.get(event.pointerId);
  if (!last) return show(event);
  tip.hidden = true;
  held.set(event.pointerId, [event.clientX, event.clientY]);
  view.x -= (event.clientX - last[0]) / view.scale / held.size;
  view.y -= (event.clientY - last[1]) / view.scale / held.size;
  if (held.size === 2) { const now = spread(); zoom(now / apart); apart = now; }
  redraw();
});
function spread() {
  const [a, b] = [...held.values()];
  return b ? Math.hypot(a[0] - b[0], a[1] - b[1]) || 1 : 1;
}
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => {
  held.delete(event.pointerId);
  apart = spread();
  if (!held.size) canvas.classList.remove("dragging");
});
canvas.addEventListener("pointerleave", () => { tip.hidden = true; hovered = null; redraw(); });
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY);
}, { passive: false });
canvas.addEventListener("keydown", (event) => {
  const step = 60 / view.scale;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (event.key === "+" || event.key === "=") zoom(1.4);
  else if (event.key === "-") zoom(1 / 1.4);
  else if (event.key === "0") fit();
  else if (moves[event.key]) { view.x += moves[event.key][0]; view.y += moves[event.key][1]; redraw(); }
  else return;
  event.preventDefault();
});
document.getElementById("in").addEventListener("click", () => zoom(1.5));
document.getElementById("out").addEventListener("click", () => zoom(1 / 1.5));
document.getElementById("whole").addEventListener("click", fit);
window.addEventListener("resize", resize);
resize();
fit();
