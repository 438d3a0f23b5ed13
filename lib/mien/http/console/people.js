// SPDX-License-Identifier: MIT
// Everybody the store knows, and one person with their photos.

import { get, image } from "/ui/api.js";
import { complain, count, fileName, h, percent, timeElement } from "/ui/dom.js";

const k_page = 60;
const pathOf = (label) => `/v1/people/${encodeURIComponent(label)}`;

function entry(person) {
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#people/${encodeURIComponent(person.label)}`, class: "person" },
      person.photo ? image(`${pathOf(person.label)}/photos/${person.photo}/thumbnail`, "") : h("span", { class: "blank" }),
      h("b", {}, person.label),
      h("span", { class: "quiet-text" }, count(person.encodings, "photo")),
    ),
  );
}

export function open(view) {
  const list = h("ul", { class: "people" });
  const lead = h("p", { class: "lead", role: "status" }, "…");
  const more = h("button", { type: "button", hidden: true }, "Show more");
  const search = h("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false", placeholder: "Name" });
  let asked = 0;
  const load = async (offset) => {
    const mine = ++asked;
    const answer = await get(`/v1/people?limit=${k_page}&offset=${offset}&q=${encodeURIComponent(search.value.trim())}`);
    if (mine !== asked) return;
    const entries = answer.people.map(entry);
    if (offset === 0) list.replaceChildren(...entries);
    else list.append(...entries);
    entries[0]?.querySelector("a") && offset > 0 && entries[0].querySelector("a").focus();
    more.hidden = list.children.length >= answer.matching;
    lead.textContent =
      answer.total === 0
        ? "Nobody is known yet. Confirm somebody in the inbox, or train."
        : answer.matching === answer.total
          ? `${count(answer.total, "person", "people")}.`
          : `${answer.matching.toLocaleString()} of ${count(answer.total, "person", "people")}.`;
  };
  const start = (offset) => load(offset).catch((problem) => complain(problem.message));
  let wait;
  search.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => start(0), 150);
  });
  more.addEventListener("click", () => start(list.children.length));
  view.replaceChildren(
    h("div", { class: "head" }, h("div", {}, h("h1", {}, "People"), lead), h("span", { class: "grow" }),
      h("div", { class: "search" }, h("label", { for: "search" }, "Search ", h("kbd", { "aria-hidden": "true" }, "/")), search)),
    list,
    more,
  );
  start(0);
}

const origins = { train: "training", confirm: "confirmed", enroll: "enrolled", import: "imported" };

export async function openPerson(view, label) {
  view.replaceChildren(h("p", { class: "lead" }, "…"));
  try {
    const person = await get(pathOf(label));
    view.replaceChildren(
      h("p", { class: "back" }, h("a", { href: "#people" }, "← People")),
      h(
        "div",
        { class: "head" },
        h("div", {}, h("h1", {}, person.label), h("p", { class: "lead" }, `${count(person.encodings, "photo")}, the newest from `, timeElement(person.updated))),
      ),
      h(
        "ul",
        { class: "photos" },
        person.records.map((record) =>
          h(
            "li",
            {},
            h(
              "figure",
              {},
              image(`${pathOf(person.label)}/photos/${record.id}/thumbnail`, `${person.label} in ${fileName(record.photo)}`),
              h(
                "figcaption",
                {},
                h("span", { class: "file", title: record.photo }, fileName(record.photo)),
                h("span", { class: "quiet-text" }, origins[record.origin] ?? record.origin, record.quality === null ? "" : ` · quality ${percent(record.quality)}`),
                h("span", { class: "quiet-text" }, timeElement(record.time)),
              ),
            ),
          ),
        ),
      ),
    );
  } catch (problem) {
    view.replaceChildren(h("p", { class: "back" }, h("a", { href: "#people" }, "← People")), h("h1", {}, label), h("p", { class: "lead" }, problem.message));
  }
}
