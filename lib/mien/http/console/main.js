// SPDX-License-Identifier: MIT
// Which part is shown, the keyboard, and photos that are dropped anywhere.

import { forgetToken, hasToken } from "/ui/api.js";
import { $, complain } from "/ui/dom.js";
import * as inbox from "/ui/inbox.js";
import * as people from "/ui/people.js";
import * as system from "/ui/system.js";

const view = $("view");
let part = "";
let first = true;

function open() {
  const [name, label] = location.hash.slice(1).split("/");
  if (name === "view") return; // the skip link
  inbox.close();
  system.close();
  part = ["people", "activity"].includes(name) ? name : "inbox";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.part === part) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const title = { inbox: "Inbox", people: "People", activity: "Activity" }[part];
  document.title = `${title} · mien`;
  if (part === "inbox") inbox.open(view);
  else if (part === "activity") system.open(view);
  else if (label) people.openPerson(view, decodeURIComponent(label));
  else people.open(view);
  if (part !== "inbox") inbox.refresh().then((pending) => showWaiting(pending.faces), () => {});
  // Whoever follows a link by keyboard goes on from the new part; the page's start keeps the browser's own focus.
  if (!first) view.focus({ preventScroll: true });
  if (!first) scrollTo(0, 0);
  first = false;
}

function showWaiting(faces) {
  $("waiting").textContent = faces;
  $("waiting").hidden = faces === 0;
  $("waiting").setAttribute("aria-label", `${faces} waiting`);
}

const undo = () => inbox.undo().catch((problem) => complain(problem.message));
const help = () => $("help-dialog").showModal();

function addPhotos() {
  if (part !== "inbox") {
    location.hash = "#inbox";
    open();
  }
  $("files").click();
}

function search() {
  if (location.hash !== "#people") {
    location.hash = "#people";
    open();
  }
  $("search")?.focus();
}

const keys = {
  u: undo,
  a: addPhotos,
  "/": search,
  "?": help,
  1: () => (location.hash = "#inbox"),
  2: () => (location.hash = "#people"),
  3: () => (location.hash = "#activity"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const field = event.target.closest("input, textarea");
  if (field) {
    if (event.key === "Escape") (field.closest(".cluster") ?? view).focus();
    return;
  }
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  } else if (part === "inbox" && inbox.key(event.key)) {
    event.preventDefault();
  }
});

let inside = 0;
const withFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
addEventListener("dragenter", (event) => {
  if (withFiles(event) && ++inside === 1) $("drop").classList.add("shown");
});
addEventListener("dragleave", (event) => {
  if (withFiles(event) && --inside <= 0) $("drop").classList.remove("shown");
});
addEventListener("dragover", (event) => withFiles(event) && event.preventDefault());
addEventListener("drop", (event) => {
  inside = 0;
  $("drop").classList.remove("shown");
  if (!withFiles(event)) return;
  event.preventDefault();
  inbox.addPhotos([...event.dataTransfer.files]);
});

$("undo").addEventListener("click", undo);
$("help").addEventListener("click", help);
$("sign-out").addEventListener("click", forgetToken);
$("sign-out").hidden = !hasToken();
addEventListener("hashchange", open);
open();
