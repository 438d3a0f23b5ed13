// SPDX-License-Identifier: MIT
// What must hold of any page that is shown: names for whoever cannot see it, contrast, nothing wider than the window.
// All of it runs inside the page.

/** returns: complaints, one a line; empty: all is well */
export function complaints() {
  const found = [];
  const where = (element) => {
    const id = element.id ? `#${element.id}` : "";
    const classes = element.classList.length > 0 ? `.${[...element.classList].join(".")}` : "";
    return `<${element.localName}${id}${classes}> “${element.textContent.trim().slice(0, 40)}”`;
  };
  const shown = (element) => {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return style.visibility === "visible" && box.width > 0 && box.height > 0 && element.closest("[aria-hidden=true]") === null;
  };

  // Names.
  const nameOf = (element) => {
    const labelled = (element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "");
    const labels = [...(element.labels ?? [])].map((label) => label.textContent);
    const pictures = [...element.querySelectorAll("img")].map((image) => image.alt);
    return [element.getAttribute("aria-label"), ...labelled, ...labels, element.textContent, ...pictures].join("").trim();
  };
  if (document.documentElement.lang === "") found.push("the page says no language");
  if (document.title === "") found.push("the page has no title");
  for (const element of document.querySelectorAll("a, button, input, summary, [role=button], dialog")) {
    if ((element.localName === "dialog" ? element.open : shown(element)) && nameOf(element) === "") found.push(`${where(element)} has no name`);
  }
  for (const image of document.images) {
    if (!image.hasAttribute("alt")) found.push(`${where(image)} has no alt`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) found.push(`two elements are called ${id}`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "for", "list"]) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(" ")) {
        if (document.getElementById(id) === null) found.push(`${where(element)} points to ${id}, which is not there`);
      }
    }
  }
  const headings = [...document.querySelectorAll("main h1, main h2, main h3")].filter(shown).map((heading) => Number(heading.localName[1]));
  if (headings.filter((level) => level === 1).length !== 1) found.push("there is not one h1");
  headings.forEach((level, place) => {
    if (place > 0 && level > headings[place - 1] + 1) found.push("a level of headings is left out");
  });

  // Contrast, as WCAG 2 counts it.
  const numbers = (colour) => {
    const canvas = (complaints.canvas ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, bottom) => top.slice(0, 3).map((value, i) => (value * top[3] + bottom[i] * (255 - top[3])) / 255);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(numbers(getComputedStyle(at).backgroundColor));
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (texts.currentNode.data.trim() === "" || !shown(element) || ["SCRIPT", "STYLE", "OPTION"].includes(element.tagName)) continue;
    if (element.closest(".hidden, .skip, dialog:not([open]), .outcome:not(.shown)")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ground = behind(element);
    const ratio = contrast(over(numbers(style.color), ground), ground);
    if (ratio < needed) found.push(`${where(element)} has a contrast of ${ratio.toFixed(2)}`);
  }
  for (const element of document.querySelectorAll("input, button")) {
    if (!shown(element) || element.matches(".hidden, .quiet, .none, .face, :disabled")) continue;
    const outside = behind(element.parentElement);
    const edge = over(numbers(getComputedStyle(element).borderTopColor), outside);
    if (contrast(edge, outside) < 3) found.push(`the edge of ${where(element)} has a contrast of ${contrast(edge, outside).toFixed(2)}`);
  }

  // Room.
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("body *")].filter((element) => shown(element) && element.getBoundingClientRect().right > innerWidth + 0.5);
    found.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}: ${wide.slice(0, 3).map(where).join(", ")}`);
  }
  for (const element of document.querySelectorAll("a, button, input:not([type=file]), .button")) {
    const box = element.getBoundingClientRect();
    const inText = element.localName === "a" && element.closest("p") !== null;
    if (shown(element) && !element.matches(".hidden, .skip") && !inText && Math.min(box.width, box.height) < 24) {
      found.push(`${where(element)} is ${Math.round(box.width)} × ${Math.round(box.height)} pixels small`);
    }
  }
  return found;
}
