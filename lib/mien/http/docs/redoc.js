// SPDX-License-Identifier: MIT
// Shows /openapi.json to be read from top to bottom. (Redoc's own bundle fetches its logo from outside.)

/** An element: h("a", {href: "#x"}, "text", child, …). */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function resolve(openapi, object) {
  if (!object?.$ref) return object;
  return object.$ref.replace("#/", "").split("/").reduce((place, name) => place[name], openapi);
}

function typeOf(schema = {}) {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.contentMediaType) return schema.contentEncoding ? `${schema.contentEncoding} text` : "file";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type ?? "any";
  return type === "array" && schema.items ? `array of ${typeOf(schema.items)}` : type;
}

function fields(caption, rows) {
  if (rows.length === 0) return null;
  const body = rows.map(({ name, place, type, required, about }) =>
    h("tr", {}, h("th", { scope: "row" }, h("code", {}, name)), h("td", {}, place), h("td", {}, type),
      h("td", {}, required ? "required" : "optional"), h("td", {}, about ?? "")));
  return h("table", {}, h("caption", {}, caption), h("tbody", {}, ...body));
}

function sent(operation) {
  const rows = (operation.parameters ?? []).map((field) => ({
    name: field.name, place: field.in, type: typeOf(field.schema), required: field.required, about: field.description }));
  const content = operation.requestBody?.content ?? {};
  const schema = Object.values(content).find((media) => media.schema)?.schema;
  for (const [name, property] of Object.entries(schema?.properties ?? {})) {
    rows.push({ name, place: "body", type: typeOf(property), required: schema.required?.includes(name),
      about: property.description });
  }
  const types = Object.keys(content).join(", ");
  return fields(types ? `Request, as ${types}` : "Request", rows);
}

function answers(openapi, operation) {
  return Object.entries(operation.responses).map(([status, reference]) => {
    const response = resolve(openapi, reference);
    const examples = Object.values(response.content ?? {}).flatMap((media) => Object.values(media.examples ?? {}));
    return h("section", { class: "answer" }, h("h4", {}, h("code", {}, status), ` ${response.description}`),
      ...examples.map((example) => h("pre", { tabindex: "0" }, JSON.stringify(example.value, null, 2))));
  });
}

function show(openapi) {
  const main = document.querySelector("main");
  const nav = document.querySelector("nav");
  main.replaceChildren(h("h1", {}, `${openapi.info.title} ${openapi.info.version}`), h("p", {}, openapi.info.description),
    h("p", {}, h("a", { href: "/openapi.json" }, "openapi.json"), " · ", h("a", { href: "/docs" }, "Swagger UI")));
  for (const tag of openapi.tags) {
    const list = h("ul");
    nav.append(h("h2", {}, tag.name), list);
    main.append(h("h2", {}, tag.name), h("p", {}, tag.description));
    for (const [path, methods] of Object.entries(openapi.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.tags.includes(tag.name)) continue;
        const name = [h("span", { class: "method" }, method.toUpperCase()), " ", h("code", {}, path)];
        list.append(h("li", {}, h("a", { href: `#${operation.operationId}` }, ...name.map((part) => part.cloneNode?.(true) ?? part))));
        main.append(h("article", { id: operation.operationId }, h("h3", {}, ...name), h("p", {}, operation.summary),
          operation.security.length > 0 ? h("p", {}, "Authorization: Bearer TOKEN",
            operation.security.some((way) => Object.keys(way).length === 0) ? " (optional)" : "") : null,
          sent(operation), ...answers(openapi, operation)));
      }
    }
  }
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  const answer = await fetch(document.querySelector("main").dataset.document);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  show(await answer.json());
} catch (error) {
  document.querySelector("main").replaceChildren(h("p", { role: "alert" }, `Cannot read /openapi.json: ${error.message}`));
}
