// SPDX-License-Identifier: MIT
// Elements, words and messages that all parts share.

export const $ = (id) => document.getElementById(id);

/** An element: h("a", {href: "#x", class: "y", onclick: f}, "text", child, …); null children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString()} ${number === 1 ? one : many}`;
export const percent = (share) => `${Math.round(share * 100)} %`;
export const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** "5 minutes ago", with the whole date in its title. */
export function timeElement(iso) {
  const seconds = (new Date(iso) - Date.now()) / 1000;
  const steps = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [86400 * 30, "day", 86400]];
  const step = steps.find(([limit]) => Math.abs(seconds) < limit);
  const text = step ? relative.format(Math.round(seconds / step[2]), step[1]) : dateTime.format(new Date(iso));
  return h("time", { datetime: iso, title: dateTime.format(new Date(iso)) }, text);
}

export function duration(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  let left = seconds;
  return parts
    .slice(first, first + 2)
    .map(([size, unit]) => {
      const whole = Math.floor(left / size);
      left -= whole * size;
      return `${whole} ${unit}`;
    })
    .filter((part, place) => place === 0 || !part.startsWith("0 "))
    .join(" ");
}

export function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; number >= 1024 && unit < units.length - 1; ++unit) number /= 1024;
  return `${number.toLocaleString(undefined, { maximumFractionDigits: unit === 0 ? 0 : 1 })} ${units[unit]}`;
}

const timers = new Map();

function hide(box) {
  box.classList.remove("shown");
  box.replaceChildren();
}

function show(box, children, milliseconds) {
  clearTimeout(timers.get(box));
  box.replaceChildren(...children);
  box.classList.add("shown");
  timers.set(box, setTimeout(() => hide(box), milliseconds));
}

/** Says what happened, to eyes and to screen readers. */
export function say(text) {
  hide($("problem"));
  show($("outcome"), [text], 6000);
}

/** Says what went wrong; stays longer. */
export function complain(text) {
  hide($("outcome"));
  const close = h("button", { type: "button", class: "quiet", "aria-label": "Dismiss" }, "×");
  close.addEventListener("click", () => hide($("problem")));
  show($("problem"), [h("span", {}, text), close], 20000);
}

/** Asks yes or no. The focus returns to where it was. */
export function sure(text, yes) {
  const dialog = $("sure-dialog");
  $("sure-text").textContent = text;
  $("sure-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  $("sure-yes").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
