"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const time = (ms) => {
  const [value, unit] = ms >= 1000 ? [ms / 1000, "s"] : ms >= 1 ? [ms, "ms"] : [ms * 1000, "µs"];
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
};

/* Imports: all panels show a window of the same width in time, each from a place of its own. */
function flames() {
  const section = document.getElementById("flame-section");
  if (!section) return;
  const detail = document.getElementById("flame-detail");
  const reset = document.getElementById("flame-reset");
  const search = document.getElementById("flame-search");
  const count = document.getElementById("flame-count");
  const panels = all(".panel", section).map((element) => ({
    element,
    nodes: all(".node", element),
    nowhere: element.querySelector(".nowhere"),
    present: new Set((element.dataset.present || "").split(" ")),
  }));
  const whole = Number(section.querySelector(".icicle").dataset.span);
  let zoomed = null;
  let opened = null;

  const number = (node, name) => Number(node.dataset[name]);
  const draw = (panel, offset, span) => {
    const width = panel.element.clientWidth;
    for (const node of panel.nodes) {
      const [start, length] = [(number(node, "start") - offset) / span, number(node, "length") / span];
      // What begins before the window or ends behind it is cut, so that its name can be read.
      const [left, right] = [Math.max(start, 0), Math.min(start + length, 1)];
      node.style.display = right > left || (start >= 0 && start < 1) ? "" : "none";
      node.setAttribute("x", `${left * 100}%`);
      node.setAttribute("width", `${Math.max(right - left, 0) * 100}%`);
      node.classList.toggle("narrow", (right - left) * width < 26);
    }
  };
  const describe = (node) => node.querySelector("title").textContent;
  const show = (node) => {
    zoomed = node;
    const span = node ? number(node, "length") || whole : whole;
    for (const panel of panels) {
      const own = node && (panel.nodes.includes(node) ? node : panel.nodes.find((other) => other.dataset.name === node.dataset.name));
      const isMissing = Boolean(node && !own);
      draw(panel, own ? number(own, "start") : 0, span);
      panel.nowhere.hidden = !isMissing;
      panel.element.querySelector(".icicle").style.display = isMissing ? "none" : "";
      if (isMissing) {
        const state = panel.present.has(node.dataset.name) ? "is there already when the program begins: it costs nothing" : "is not imported";
        panel.nowhere.textContent = `${node.dataset.name} ${state}.`;
      }
    }
    reset.disabled = !node;
    detail.textContent = node ? describe(node) : `${time(whole)} across.`;
  };
  const find = () => {
    const text = search.value.trim().toLowerCase();
    section.classList.toggle("searching", text !== "");
    let found = 0;
    const names = new Set();
    for (const node of panels.flatMap((panel) => panel.nodes)) {
      const is = text !== "" && !node.classList.contains("start") && node.dataset.name.toLowerCase().includes(text);
      node.classList.toggle("found", is);
      if (is) {
        found += 1;
        names.add(node.dataset.name);
      }
    }
    count.textContent = text === "" ? "" : `${names.size} ${names.size === 1 ? "module" : "modules"} found`;
  };
  /* One node of each panel is in the tab order; arrow keys go to its neighbours. */
  const focus = (panel, node) => {
    panel.nodes.forEach((other) => other.setAttribute("tabindex", other === node ? "0" : "-1"));
    node.focus();
  };
  const shown = (node) => node.style.display !== "none";
  const next = (panel, node, key) => {
    const depth = number(node, "depth");
    const middle = number(node, "start") + number(node, "length") / 2;
    const row = (wanted) => panel.nodes.filter((other) => number(other, "depth") === wanted && shown(other));
    const near = (nodes) => nodes.sort((one, other) => Math.abs(number(one, "start") - middle) - Math.abs(number(other, "start") - middle))[0];
    const within = (other) => number(other, "start") >= number(node, "start") && number(other, "start") < number(node, "start") + number(node, "length");
    const siblings = row(depth);
    const index = siblings.indexOf(node);
    if (key === "ArrowRight") return siblings[index + 1];
    if (key === "ArrowLeft") return siblings[index - 1];
    if (key === "ArrowDown") return row(depth + 1).filter(within)[0];
    return near(row(depth - 1).filter((other) => number(other, "start") <= middle && number(other, "start") + number(other, "length") >= middle));
  };
  for (const panel of panels) {
    for (const node of panel.nodes) {
      node.addEventListener("mouseenter", () => { detail.textContent = describe(node); });
      node.addEventListener("focus", () => { detail.textContent = describe(node); });
      if (!node.classList.contains("start")) node.addEventListener("click", () => { opened = node; show(zoomed === node ? null : node); });
    }
    panel.element.addEventListener("mouseleave", () => { detail.textContent = zoomed ? describe(zoomed) : `${time(whole)} across.`; });
    panel.element.addEventListener("keydown", (event) => {
      const node = event.target.closest(".node");
      if (!node) return;
      if (event.key.startsWith("Arrow")) {
        const other = next(panel, node, event.key);
        if (other) focus(panel, other);
        event.preventDefault();
      } else if (event.key === "Enter" || event.key === " ") {
        if (!node.classList.contains("start")) { opened = node; show(zoomed === node ? null : node); }
        event.preventDefault();
      }
    });
    if (panel.nodes.length) panel.nodes[0].setAttribute("tabindex", "0");
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && zoomed) {
      show(null);
      if (opened) opened.focus();
    }
  });
  reset.addEventListener("click", () => show(null));
  search.addEventListener("input", find);
  window.addEventListener("resize", () => show(zoomed));
  show(null);
}

/* The table of modules. */
function modules() {
  const table = document.getElementById("module-table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const count = document.getElementById("module-count");
  const filter = document.getElementById("module-filter");
  const key = (row, index) => row.cells[index].dataset.value ?? row.cells[index].textContent;
  const sort = (head, index) => {
    const isText = head.classList.contains("text") || index === 0;
    const was = head.getAttribute("aria-sort");
    const direction = was ? (was === "descending" ? "ascending" : "descending") : isText ? "ascending" : "descending";
    all("th", table).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    rows.sort((one, other) => sign * (isText ? key(one, index).localeCompare(key(other, index)) : Number(key(one, index)) - Number(key(other, index))));
    body.append(...rows);
  };
  all("th", table).forEach((head, index) => head.querySelector("button").addEventListener("click", () => sort(head, index)));
  filter.addEventListener("input", () => {
    const text = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !`${row.cells[0].textContent} ${row.cells[1].textContent}`.toLowerCase().includes(text);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = text === "" ? "" : `${shown} of ${rows.length}`;
  });
}

/* Tiles that are too small for their words. */
function tiles() {
  const map = document.querySelector(".treemap");
  if (!map) return;
  const fit = () => all(".tile", map).forEach((tile) => {
    const box = tile.getBoundingClientRect();
    const words = tile.querySelector("text");
    tile.classList.remove("small", "flat");
    tile.classList.toggle("flat", box.height < 40);
    tile.classList.toggle("small", box.height < 20 || words.getComputedTextLength() + 10 > box.width);
  });
  window.addEventListener("resize", fit);
  fit();
}

function copying() {
  for (const button of all(".command button")) {
    button.addEventListener("click", async () => {
      const line = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(line.textContent);
        button.textContent = "Copied";
      } catch {
        // Without leave to write to the clipboard: the line is selected instead.
        getSelection().selectAllChildren(line);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
}

flames();
modules();
tiles();
copying();
