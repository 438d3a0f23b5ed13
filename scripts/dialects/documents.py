# SPDX-License-Identifier: MIT
"""Whether /openapi.json is OpenAPI 3.1, and whether the answers are what it says."""
from __future__ import annotations

import json
import re
import warnings

from dialects.rows import Mismatch, NotProvoked, row
from dialects.server import ROOT, Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jsonschema 4.26 about its own helpers
    import jsonschema

SCHEMA = ROOT / "third_party/@seriousme/openapi-schema-validator/schemas/v3.1/schema.json"
Validator = jsonschema.Draft202012Validator


def resolved(document: dict, item: dict) -> dict:
    while "$ref" in item:
        place = document
        for name in item["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        item = place
    return item


def inlined(document: dict, schema: object) -> object:
    """The schema without references, which jsonschema would look for elsewhere."""
    if isinstance(schema, dict):
        return {name: inlined(document, value) for name, value in resolved(document, schema).items()}
    return [inlined(document, value) for value in schema] if isinstance(schema, list) else schema


def operation_of(document: dict, method: str, path: str) -> dict | None:
    path = path.split("?")[0].rstrip("/") or "/"
    for literal in (True, False):  # a literal path wins over one with places
        for pattern, methods in document["paths"].items():
            form = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(pattern.rstrip("/") or "/"))
            if ("{" not in pattern) == literal and re.fullmatch(form, path) and method.lower() in methods:
                return methods[method.lower()]
    return None


def check_answers(server: Server) -> str:
    """Every JSON answer that this server gave fits what its document says about the path and status."""
    document = server.get("/openapi.json").body
    checked = 0
    for method, path, reply in server.answers:
        operation = operation_of(document, method, path)
        if operation is None or not reply.headers.get("content-type", "").startswith("application/json"):
            continue
        responses = operation["responses"]
        response = resolved(document, responses.get(str(reply.status), responses["default"]))
        media = response.get("content", {}).get("application/json", {})
        if "schema" not in media:
            continue
        refusal = inlined(document, {"$ref": "#/components/schemas/Refusal"})
        schema = inlined(document, media["schema"])
        body = json.loads(reply.content)
        errors = list(Validator(schema).iter_errors(body))
        # The examples of a status show one of its refusals; others have the keys of all refusals.
        if errors and reply.status >= 400:
            errors = list(Validator(refusal).iter_errors(body))
        if errors:
            raise Mismatch(f"{method} {path}: {errors[0].json_path}: {errors[0].message[:200]}; {reply}")
        checked += 1
    return f"{checked} answers"


@row("6", "6", "/openapi.json is valid OpenAPI 3.1, its examples fit its schemas, its names are unique")
def valid_document(server: Server) -> str:
    document = server.get("/openapi.json").body
    if not SCHEMA.is_file():
        raise NotProvoked("OpenAPI's schema is not here: scripts/install-packages npm")
    errors = list(Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).iter_errors(document))
    if errors:
        raise Mismatch(f"{len(errors)} errors; {errors[0].json_path}: {errors[0].message[:300]}")
    names, examples = [], 0
    for path, methods in document["paths"].items():
        places = set(re.findall(r"\{([^}]+)\}", path))
        for operation in methods.values():
            names.append(operation["operationId"])
            if places != {field["name"] for field in operation.get("parameters", []) if field["in"] == "path"}:
                raise Mismatch(f"{path}: the places in it are not its parameters")
            for response in operation["responses"].values():
                for media in resolved(document, response).get("content", {}).values():
                    schema = inlined(document, media.get("schema", {}))
                    Validator.check_schema(schema)
                    for example in media.get("examples", {}).values():
                        for error in Validator(schema).iter_errors(example["value"]):
                            raise Mismatch(f"{path}: an example does not fit its schema: {error.json_path}: {error.message}")
                        examples += 1
    if len(set(names)) != len(names):
        raise Mismatch("two operations have one name")
    return f"{len(names)} operations, {examples} examples"


@row("6", "6", "man mien-http names every path of /openapi.json")
def man_page(server: Server) -> str:
    text = (ROOT / "man/mien-http.5.scd").read_text(encoding="utf-8")
    paths = [path for path in server.get("/openapi.json").body["paths"]]
    families = ("/api/v1/employees", "/api/v1/attendance", "/api/v1/recognition")  # what is not there yet is named at once
    missing = [path for path in paths if path not in text and not path.startswith(families)]
    if missing:
        raise Mismatch(f"without {missing}")
    return f"{len(paths)} paths"
