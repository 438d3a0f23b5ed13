// SPDX-License-Identifier: MIT
// What the server does right now, and what was done to the store.

import { get, post } from "/ui/api.js";
import { bytes, complain, count, duration, h, say, sure, timeElement } from "/ui/dom.js";

const k_look_every = 2000;
let timer;

function tile(name, value, share) {
  const bar = share === undefined ? null : h("meter", { min: 0, max: 100, value: share, "aria-hidden": "true" });
  return h("div", {}, h("dt", {}, name), h("dd", {}, value, bar));
}

function tiles(now) {
  const busy = now.workers > 0 ? (100 * now.workers_busy) / now.workers : 0;
  const queue = now.queue_capacity > 0 ? (100 * now.queue_waiting) / now.queue_capacity : 0;
  return [
    tile("People", now.people.toLocaleString()),
    tile("Faces known", now.encodings.toLocaleString()),
    tile("Workers busy", `${now.workers_busy} of ${now.workers}`, busy),
    tile("Photos queued", `${now.queue_waiting} of ${now.queue_capacity}`, queue),
    tile("Processors", `${Math.round(now.cpu_percent)} %`, now.cpu_percent),
    tile("Memory", `${Math.round(now.memory_percent)} %`, now.memory_percent),
    tile("Disk", `${Math.round(now.disk_percent)} %`, now.disk_percent),
    tile("Server's memory", bytes(now.process_memory)),
    tile("Connections", now.connections.toLocaleString()),
    tile("Running for", duration(now.uptime_seconds)),
    tile("Encoder", now.encoder),
    tile("Known up to distance", now.threshold.toLocaleString(undefined, { maximumFractionDigits: 3 })),
  ];
}

export function open(view) {
  const figures = h("dl", { class: "figures" });
  const log = h("ol", { class: "log", "aria-label": "Changes, the newest first" });
  const nothing = h("p", { class: "lead", hidden: true }, "Nothing was changed yet.");
  const showFigures = async () => figures.replaceChildren(...tiles(await get("/v1/figures")));
  let shown = "";
  const showLog = async () => {
    const { changes } = await get("/v1/log?limit=50");
    const state = JSON.stringify(changes);
    if (state === shown) return;
    shown = state;
    nothing.hidden = changes.length > 0;
    log.replaceChildren(...changes.map((change, place) => line(change, place === 0)));
  };
  const takeBack = async (change) => {
    if (!(await sure(`Take back “${change.summary}”?`, "Take back"))) return;
    await post("/v1/undo", { change: change.change, last: change.change });
    say(`Undone: ${change.summary}`);
    await showLog();
    log.querySelector("button")?.focus();
  };
  const line = (change, newest) =>
    h(
      "li",
      {},
      h("span", { class: "number" }, `#${change.change}`),
      h("span", { class: "what" }, h("b", {}, change.verb), ` ${change.summary}`),
      h("span", { class: "quiet-text" }, change.user, " · ", timeElement(change.time), " · ", count(change.operations, "step")),
      newest
        ? h("button", { type: "button", "aria-label": `Undo change ${change.change}`, onclick: () => takeBack(change).catch((problem) => complain(problem.message)) }, "Undo")
        : null,
    );
  view.replaceChildren(h("div", { class: "head" }, h("h1", {}, "Activity")), h("h2", {}, "Right now"), figures, h("h2", {}, "Changes of the store"), nothing, log);
  const look = () => Promise.all([showFigures(), showLog()]);
  look().catch((problem) => complain(problem.message));
  timer = setInterval(() => {
    if (document.visibilityState === "visible") look().catch(() => {});
  }, k_look_every);
}

export function close() {
  clearInterval(timer);
}
