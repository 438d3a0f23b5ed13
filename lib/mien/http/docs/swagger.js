// SPDX-License-Identifier: MIT
// No validatorUrl: Swagger UI would send the document's address to a server outside.
const place = document.querySelector("#swagger-ui");
SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
