"use strict";
// The page reads complete without this script; it adds the map, the pointer on charts, a filter.

(() => {
  const byId = (id) => document.getElementById(id);

  // --- the filter of the table of indicators ---
  const only = byId("only");
  if (only) {
    only.addEventListener("change", () => byId("indicators").classList.toggle("only", only.checked));
  }

  // --- the pointer on charts ---
  for (const figure of document.querySelectorAll(".chart")) chart(figure);

  function chart(figure) {
    const drawing = figure.querySelector("svg");
    const cursor = drawing.querySelector(".cursor");
    const data = JSON.parse(figure.dataset.chart);
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    figure.append(tip);
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      const at = nearest(data.x, ((event.clientX - box.left) / box.width) * 560);
      cursor.style.transform = `translateX(${data.x[at]}px)`;
      cursor.style.opacity = 1;
      tip.replaceChildren(line(data.time[at], "strong"));
      data.titles.forEach((title, index) => {
        const row = line(`${title}: ${data.curves[index][at]} ${data.unit}`, "div");
        row.prepend(key(index));
        tip.append(row);
      });
      place(tip, figure, event);
    });
    drawing.addEventListener("pointerleave", () => {
      tip.hidden = true;
      cursor.style.opacity = 0;
    });
  }

  function nearest(sorted, x) {
    let best = 0;
    sorted.forEach((value, index) => {
      if (Math.abs(value - x) < Math.abs(sorted[best] - x)) best = index;
    });
    return best;
  }

  function line(text, tag) {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  }

  function key(index) {
    const element = document.createElement("span");
    element.className = `key s${index}`;
    return element;
  }

  function place(tip, frame, event) {
    const box = frame.getBoundingClientRect();
    tip.hidden = false;
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const left = x + tip.offsetWidth + 24 > box.width ? x - tip.offsetWidth - 14 : x + 14;
    tip.style.left = `${Math.max(4, Math.min(left, box.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(4, y - tip.offsetHeight - 12)}px`;
  }

  // --- the map ---
  const canvas = byId("map");
  if (canvas) map(canvas);

  function map(canvas) {
    const data = JSON.parse(byId("mapdata").textContent);
    const pen = canvas.getContext("2d");
    const frame = canvas.parentElement;
    const tip = frame.querySelector(".tip");
    const shapes = data.geometries.map(unpack);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const view = { x: 0, y: 0, scale: 1 };  // metres at the middle; pixels a metre
    let least = 1, picked = -1, waiting = false, moved = false;

    const RAMP = ["#cfe1f2", "#93c4de", "#4a98c9", "#1764ab", "#083a7a"];
    const RAMP_DARK = ["#16324f", "#1f5e94", "#3f93cc", "#86c5ea", "#dbf0ff"];
    const LESS = ["#d8e7ee", "#8cc4dc", "#3a8fc0", "#0b5a93"];
    const LESS_DARK = ["#31434d", "#3b7ea3", "#57b0dd", "#a5dcf7"];
    const MORE = ["#f3e4d3", "#f5b877", "#e07b1f", "#a34700"];
    const MORE_DARK = ["#4d4034", "#a3662a", "#e8913a", "#ffc78a"];

    function unpack(shape) {
      const count = shape.steps.length / 2;
      const xs = new Float32Array(count), ys = new Float32Array(count);
      let x = 0, y = 0;
      for (let i = 0; i < count; i++) {
        x += shape.steps[2 * i];
        y += shape.steps[2 * i + 1];
        xs[i] = x * data.unit;
        ys[i] = y * data.unit;
      }
      const counts = shape.kind === "point" ? new Array(count).fill(1) : shape.counts;
      const starts = new Int32Array(counts.length + 1);
      counts.forEach((length, index) => { starts[index + 1] = starts[index] + length; });
      const boxes = counts.map((_, index) => boxOf(xs, ys, starts[index], starts[index + 1]));
      return { ...shape, xs, ys, starts, boxes, count: counts.length };
    }

    function boxOf(xs, ys, from, to) {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = from; i < to; i++) {
        box[0] = Math.min(box[0], xs[i]); box[1] = Math.min(box[1], ys[i]);
        box[2] = Math.max(box[2], xs[i]); box[3] = Math.max(box[3], ys[i]);
      }
      return box;
    }

    // What is shown.
    const select = { layer: byId("maplayer"), variant: byId("mapvariant") };
    const radios = [...document.querySelectorAll('input[name="mapview"]')];
    const layer = () => data.layers[Number(select.layer.value)];
    const variant = () => (select.variant ? Number(select.variant.value) : 0);
    const shown = () => (radios.find((radio) => radio.checked) || { value: "base" }).value;

    function valueOf(index) {
      const now = layer(), base = now.base[index];
      if (shown() === "base") return base;
      const other = now.variants[variant()][index];
      if (shown() === "policy") return other;
      return base === null || other === null ? null : other - base;
    }

    function shade(ramp, share) {
      return ramp[Math.min(ramp.length - 1, Math.floor(Math.max(0, share) * ramp.length))];
    }

    function colour(value) {
      const now = layer();
      if (shown() !== "difference") {
        return shade(dark.matches ? RAMP_DARK : RAMP, (value - now.low) / (now.high - now.low));
      }
      const share = Math.abs(value) / now.reach;
      if (share < 0.02) return null;
      const less = dark.matches ? LESS_DARK : LESS, more = dark.matches ? MORE_DARK : MORE;
      return shade(value < 0 ? less : more, share);
    }

    function strength(value) {
      const now = layer();
      const share = shown() === "difference"
        ? Math.abs(value) / now.reach
        : (value - now.low) / (now.high - now.low);
      return Math.max(0, Math.min(1, share));
    }

    // Drawing.
    const px = (x) => (x - view.x) * view.scale + canvas.clientWidth / 2;
    const py = (y) => canvas.clientHeight / 2 - (y - view.y) * view.scale;

    function visible(box) {
      return px(box[2]) > -20 && px(box[0]) < canvas.clientWidth + 20
        && py(box[1]) > -20 && py(box[3]) < canvas.clientHeight + 20;
    }

    function trace(shape, index) {
      pen.moveTo(px(shape.xs[shape.starts[index]]), py(shape.ys[shape.starts[index]]));
      for (let i = shape.starts[index] + 1; i < shape.starts[index + 1]; i++) {
        pen.lineTo(px(shape.xs[i]), py(shape.ys[i]));
      }
    }

    function thickness(shape, index) {
      const width = shape.width ? shape.width[index] : 1;
      return Math.max(0.7, Math.min(width * 2.2 * view.scale, 1 + width * 2));
    }

    function draw() {
      waiting = false;
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(canvas.clientHeight * ratio);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const style = getComputedStyle(document.documentElement);
      const tone = (name) => style.getPropertyValue(name).trim();
      pen.fillStyle = tone("--ground");
      pen.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
      pen.lineCap = pen.lineJoin = "round";
      const active = layer().geometry;
      const order = { polygon: 0, line: 1, point: 2 };
      [...shapes.keys()]
        .filter((index) => index !== active && shapes[index].background)
        .sort((a, b) => order[shapes[a].kind] - order[shapes[b].kind])
        .forEach((index) => quiet(shapes[index], tone));
      loud(shapes[active], tone);
      ruler();
    }

    function quiet(shape, tone) {
      for (let index = 0; index < shape.count; index++) {
        if (!visible(shape.boxes[index])) continue;
        plain(shape, index, tone);
      }
    }

    function plain(shape, index, tone) {
      pen.beginPath();
      if (shape.kind === "point") {
        pen.arc(px(shape.xs[index]), py(shape.ys[index]), radius() * 0.6, 0, 7);
        pen.fillStyle = tone("--quiet");
        pen.fill();
        return;
      }
      trace(shape, index);
      if (shape.kind === "polygon") {
        pen.fillStyle = tone("--block");
        pen.fill();
      } else {
        pen.strokeStyle = tone("--street");
        pen.lineWidth = thickness(shape, index);
        pen.stroke();
      }
    }

    const radius = () => Math.max(1.4, Math.min(1.5 + 1.5 * view.scale, 7));

    function loud(shape, tone) {
      const rows = [];
      for (let index = 0; index < shape.count; index++) {
        if (!visible(shape.boxes[index])) continue;
        const value = valueOf(index);
        const tint = value === null || value === undefined ? null : colour(value);
        if (tint === null) plain(shape, index, tone);
        else rows.push([strength(value), index, tint]);
      }
      // The strongest come last, so that nothing hides them.
      rows.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      for (const [share, index, tint] of rows) vivid(shape, index, tint, share);
      if (picked >= 0) halo(shape, picked, tone("--ink"));
    }

    function vivid(shape, index, tint, share) {
      pen.beginPath();
      pen.fillStyle = pen.strokeStyle = tint;
      if (shape.kind === "point") {
        pen.arc(px(shape.xs[index]), py(shape.ys[index]), radius() * (0.8 + 0.6 * share), 0, 7);
        pen.fill();
        return;
      }
      trace(shape, index);
      if (shape.kind === "polygon") {
        pen.fill();
      } else {
        pen.lineWidth = thickness(shape, index) * (0.9 + 0.6 * share) + 2 * share;
        pen.stroke();
      }
    }

    function halo(shape, index, tint) {
      if (index >= shape.count) return;
      pen.beginPath();
      pen.strokeStyle = tint;
      pen.lineWidth = 1.5;
      if (shape.kind === "point") {
        pen.arc(px(shape.xs[index]), py(shape.ys[index]), radius() + 4, 0, 7);
      } else {
        trace(shape, index);
      }
      pen.stroke();
    }

    function ruler() {
      const wanted = 110 / view.scale, power = 10 ** Math.floor(Math.log10(wanted));
      const length = [5, 2, 1].map((factor) => factor * power).find((step) => step <= wanted);
      const bar = frame.querySelector(".scale");
      bar.style.width = `${length * view.scale}px`;
      bar.firstChild.textContent = length >= 1000 ? `${number(length / 1000)} km` : `${number(length)} m`;
    }

    function later() {
      if (!waiting) {
        waiting = true;
        requestAnimationFrame(draw);
      }
    }

    // Numbers as the page's language writes them, three digits.
    function number(value, signed = false) {
      const size = Math.abs(value);
      const decimals = size === 0 ? 0 : Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size))));
      const rounded = size >= 1000 ? Number(size.toPrecision(3)) : size;
      let [whole, part = ""] = rounded.toFixed(decimals).split(".");
      part = part.replace(/0+$/, "");
      whole = whole.replace(/\B(?=(\d{3})+(?!\d))/g, data.group);
      const sign = value < 0 ? "−" : signed && value > 0 ? "+" : "";
      return sign + whole + (part ? data.point + part : "");
    }

    function legend() {
      const now = layer(), place = byId("maplegend");
      const difference = shown() === "difference";
      const less = dark.matches ? LESS_DARK : LESS, more = dark.matches ? MORE_DARK : MORE;
      const ramp = difference
        ? [...less].reverse().concat(more)
        : dark.matches ? RAMP_DARK : RAMP;
      const ends = difference
        ? [`${number(-now.reach, true)} ${now.unit}`, `${number(now.reach, true)} ${now.unit}`]
        : [`${number(now.low)} ${now.unit}`, `${number(now.high)} ${now.unit}`];
      if (difference) {
        ends[0] = `${data.text.less} ${ends[0]}`;
        ends[1] = `${ends[1]} ${data.text.more}`;
      }
      const bar = document.createElement("span");
      bar.className = "ramp";
      for (const tint of ramp) {
        const cell = document.createElement("i");
        cell.style.background = tint;
        bar.append(cell);
      }
      place.replaceChildren(line(now.label, "strong"), line(ends[0], "span"), bar, line(ends[1], "span"));
    }

    // Moving.
    function home() {
      const [width, height] = data.size;
      least = Math.min(canvas.clientWidth / (width * 1.04), canvas.clientHeight / (height * 1.04));
      moved = false;
      Object.assign(view, { x: width / 2, y: height / 2, scale: least });
      later();
    }

    function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
      const scale = Math.max(least * 0.5, Math.min(view.scale * factor, 20));
      const dx = x - canvas.clientWidth / 2, dy = y - canvas.clientHeight / 2;
      view.x += dx / view.scale - dx / scale;
      view.y -= dy / view.scale - dy / scale;
      view.scale = scale;
      moved = true;
      later();
    }

    function pan(dx, dy) {
      view.x -= dx / view.scale;
      view.y += dy / view.scale;
      moved = true;
      later();
    }

    const pointers = new Map();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      canvas.classList.add("held");
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return hover(event);
      const now = [event.offsetX, event.offsetY];
      const other = [...pointers].find(([id]) => id !== event.pointerId);
      if (other) {
        const apart = (p) => Math.hypot(p[0] - other[1][0], p[1] - other[1][1]) || 1;
        zoom(apart(now) / apart(before), (now[0] + other[1][0]) / 2, (now[1] + other[1][1]) / 2);
      }
      pan((now[0] - before[0]) / pointers.size, (now[1] - before[1]) / pointers.size);
      pointers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        pointers.delete(event.pointerId);
        canvas.classList.remove("held");
        if (event.type === "pointerup" && event.pointerType === "touch") hover(event);
      });
    }
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; choose(-1); });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.003), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => zoom(2, event.offsetX, event.offsetY));
    canvas.addEventListener("keydown", (event) => {
      const moves = {
        ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0),
        ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
        "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: home,
      };
      if (!moves[event.key]) return;
      event.preventDefault();
      moves[event.key]();
    });
    byId("mapin").addEventListener("click", () => zoom(1.6));
    byId("mapout").addEventListener("click", () => zoom(1 / 1.6));
    byId("maphome").addEventListener("click", home);

    // What is under the pointer.
    function choose(index) {
      if (picked !== index) {
        picked = index;
        later();
      }
    }

    function hover(event) {
      const found = under(event.offsetX, event.offsetY);
      choose(found);
      if (found < 0) {
        tip.hidden = true;
        return;
      }
      tip.replaceChildren(...words(found));
      place(tip, frame, event);
    }

    function words(index) {
      const now = layer(), shape = shapes[now.geometry];
      const say = (value, signed) => value === null || value === undefined
        ? data.text.none : `${number(value, signed)} ${now.unit}`;
      const rows = shape.labels[index] ? [line(shape.labels[index], "strong")] : [];
      if (!now.variants.length) return [...rows, line(say(now.base[index]), "div")];
      const base = now.base[index], other = now.variants[variant()][index];
      const gap = base === null || other === null ? null : other - base;
      rows.push(line(`${data.text["view.base"]}: ${say(base)}`, "div"));
      rows.push(line(`${data.text["view.policy"]}: ${say(other)}`, "div"));
      rows.push(line(`${data.text["view.difference"]}: ${say(gap, true)}`, "div"));
      return rows;
    }

    function under(x, y) {
      const shape = shapes[layer().geometry];
      const mx = (x - canvas.clientWidth / 2) / view.scale + view.x;
      const my = (canvas.clientHeight / 2 - y) / view.scale + view.y;
      let best = 9 / view.scale, found = -1;
      for (let index = 0; index < shape.count; index++) {
        const box = shape.boxes[index];
        if (mx < box[0] - best || mx > box[2] + best || my < box[1] - best || my > box[3] + best) continue;
        const away = distance(shape, index, mx, my);
        if (away < best) {
          best = away;
          found = index;
        }
      }
      return found;
    }

    function distance(shape, index, x, y) {
      const from = shape.starts[index], to = shape.starts[index + 1];
      if (shape.kind === "point") return Math.hypot(shape.xs[from] - x, shape.ys[from] - y);
      if (shape.kind === "polygon" && inside(shape, from, to, x, y)) return 0;
      let best = Infinity;
      for (let i = from; i + 1 < to; i++) best = Math.min(best, toSegment(shape, i, x, y));
      return best;
    }

    function toSegment(shape, i, x, y) {
      const ax = shape.xs[i], ay = shape.ys[i];
      const dx = shape.xs[i + 1] - ax, dy = shape.ys[i + 1] - ay;
      const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
      const t = Math.max(0, Math.min(1, along));
      return Math.hypot(ax + t * dx - x, ay + t * dy - y);
    }

    function inside(shape, from, to, x, y) {
      let odd = false;
      for (let i = from, j = to - 1; i < to; j = i++) {
        const yi = shape.ys[i], yj = shape.ys[j];
        if (yi > y !== yj > y && x < ((shape.xs[j] - shape.xs[i]) * (y - yi)) / (yj - yi) + shape.xs[i]) {
          odd = !odd;
        }
      }
      return odd;
    }

    const renew = () => { picked = -1; tip.hidden = true; legend(); later(); };
    for (const control of [select.layer, select.variant, ...radios]) {
      if (control) control.addEventListener("change", renew);
    }
    dark.addEventListener("change", renew);
    // Until the reader moves the map, it fits whatever size it is given.
    const fit = () => { if (moved) later(); else home(); };
    matchMedia("print").addEventListener("change", () => { fit(); draw(); });
    new ResizeObserver(fit).observe(canvas);
    home();
    draw();
    legend();
  }
})();
