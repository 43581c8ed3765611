#!/usr/bin/python3
"""The contract becomes the server: gen_api.py api/openapi.yaml OUTDIR

Writes, from the document and nothing else:
  api_table.h   prototypes of the handlers
  api_table.c   the operations, their parameters and the members of their bodies, as src/http/op.h describes them
  api_docs.c    the document as it is and as JSON, and a page made from it for people

What the tables cannot hold is refused here, with the place in the document, rather than left unchecked by the server. So are an
operation that does not list a status that it can give, and a pattern that ECMA 262 and POSIX would read differently.
"""
import base64
import datetime
import hashlib
import html
import json
import os
import re
import sys

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
AUTH = {"none": "OP_AUTH_NONE", "token": "OP_AUTH_TOKEN", "login": "OP_AUTH_LOGIN", "internal": "OP_AUTH_INTERNAL", "metrics": "OP_AUTH_METRICS",
        "session": "OP_AUTH_SESSION", "fleet": "OP_AUTH_FLEET", "signature": "OP_AUTH_SIGNATURE"}
RATE = {"none": "OP_RATE_NONE", "public": "OP_RATE_PUBLIC", "read": "OP_RATE_READ", "write": "OP_RATE_WRITE",
        "login": "OP_RATE_LOGIN", "ingest": "OP_RATE_INGEST"}
TYPES = {"string": "FIELD_STRING", "integer": "FIELD_INTEGER", "boolean": "FIELD_BOOLEAN", "array": "FIELD_ARRAY", "object": "FIELD_OBJECT"}
# One line, no control characters: checked without a regular expression, because nearly every field of a post has it.
ONE_LINE = "^[^\x00-\x1f\x7f]*$"
KNOWN = {"type", "description", "example", "default", "nullable", "enum", "minLength", "maxLength", "pattern", "x-says", "minimum", "maximum",
         "items", "minItems", "format", "maxItems", "uniqueItems", "oneOf", "properties", "required", "additionalProperties"}
INT64_MAX = 2**63 - 1
RAW = "application/octet-stream"
ANY = "*/*"  # bytes as they come, whatever Content-Type says of them
FORM = "application/x-www-form-urlencoded"  # as a browser sends it; its members are checked as those of JSON
# x-body-limit: a number of bytes, or the setting that has it.
LIMITS = {"post-bytes": "OP_LIMIT_POST", "chunk-bytes": "OP_LIMIT_CHUNK", "report-bytes": "OP_LIMIT_REPORT", "blob-bytes": "OP_LIMIT_BLOB",
          "episode-bytes": "OP_LIMIT_EPISODE"}


class Wrong(Exception):
    pass


def c_string(text):
    """A C literal; every byte outside plain ASCII as three octal digits, which no following digit can change."""
    plain = set(range(32, 127)) - {ord('"'), ord("\\"), ord("?")}
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode()) + '"'


def begin_of(op):
    """Of a body that is taken as it comes: what takes it before it is there."""
    return handler_of(op) + "_begin" if op.get("x-body-stream") else None


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", lambda m: "_" + m.group(1).lower(), name).lower()


def handler_of(op):
    return ("" if op.get("x-page") else "api_") + snake(op["operationId"])


class Document:
    def __init__(self, text):
        self.text = text
        self.root = yaml.safe_load(text)
        if not str(self.root.get("openapi", "")).startswith("3.0."):
            raise Wrong("openapi: must be 3.0.x")

    def deref(self, node, where):
        seen = set()
        while isinstance(node, dict) and "$ref" in node:
            ref = node["$ref"]
            if ref in seen or not ref.startswith("#/"):
                raise Wrong(f"{where}: $ref {ref} cannot be followed")
            seen.add(ref)
            node = self.root
            for part in ref[2:].split("/"):
                if not isinstance(node, dict) or part not in node:
                    raise Wrong(f"{where}: there is no {ref}")
                node = node[part]
        return node

    def operations(self):
        """(path, METHOD, operation), where more literal paths come first: the router takes the first that matches."""
        found = []
        for path, item in self.root["paths"].items():
            for method, op in item.items():
                if method not in METHODS:
                    raise Wrong(f"{path}: {method} is not read here")
                found.append((path, method.upper(), op))
        return sorted(found, key=lambda f: ([(s.startswith("{"), s) for s in f[0].split("/")], METHODS.index(f[1].lower())))


def check_pattern(pattern, where):
    """Only what both languages read alike: literals, ., classes, groups, |, * + ? {m,n}, anchors at the two ends."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise Wrong(f"{where}: pattern {pattern!r} must be anchored at both ends")
    i, inner = 0, pattern[1:-1]
    while i < len(inner):
        c = inner[i]
        if c == "[":
            end = inner.find("]", i + (3 if inner[i + 1:i + 2] == "^" else 2))
            if end < 0:
                raise Wrong(f"{where}: pattern {pattern!r}: a class does not end")
            body = inner[i + 1:end]
            if "\\" in body or "[" in body or not body.isascii():
                raise Wrong(f"{where}: pattern {pattern!r}: no backslash, [ or non-ASCII inside a class")
            i = end
        elif c == "(":
            if inner[i + 1:i + 2] == "?":
                raise Wrong(f"{where}: pattern {pattern!r}: (? is not POSIX")
        elif c in "\\^$" or not c.isascii() or ord(c) < 32:
            raise Wrong(f"{where}: pattern {pattern!r}: {c!r} is not in the common subset; use a class like [.]")
        elif c in "*+?}" and inner[i + 1:i + 2] in ("?", "+", "*") and inner[i + 1:i + 2]:
            raise Wrong(f"{where}: pattern {pattern!r}: lazy and doubled quantifiers are not POSIX")
        i += 1


class Tables:
    """C text of everything the operations point to."""

    def __init__(self, doc):
        self.doc = doc
        self.patterns, self.lists, self.out = [], {}, []
        self.n = 0

    def pattern(self, pattern, where):
        check_pattern(pattern, where)
        if pattern not in self.patterns:
            self.patterns.append(pattern)
        return f"&api_patterns[{self.patterns.index(pattern)}]"

    def values(self, values):
        key = tuple(values)
        if key not in self.lists:
            self.lists[key] = f"values_{len(self.lists)}"
            self.out.append(f"static const char *const {self.lists[key]}[] = {{ " +
                            ", ".join(c_string(v) for v in values) + ", NULL };")
        return self.lists[key]

    def name(self, stem):
        self.n += 1
        return f"{stem}_{self.n}"

    def merge(self, schema, where):
        """The simple schemas of a oneOf as one with several types. Their bounds have different names, so they do not mix."""
        schema = self.doc.deref(schema, where)
        if "oneOf" not in schema:
            return schema, [schema.get("type")]
        merged, types = {k: v for k, v in schema.items() if k != "oneOf"}, []
        for part in schema["oneOf"]:
            part = self.doc.deref(part, where)
            if part.get("type") not in ("string", "integer") or part["type"] in types:
                raise Wrong(f"{where}: oneOf is read only for one string and one integer")
            types.append(part["type"])
            merged.update({k: v for k, v in part.items() if k != "type"})
        return merged, types

    def field(self, name, schema, required, where, place=""):
        schema, types = self.merge(schema, where)
        unknown = set(schema) - KNOWN
        if unknown:
            raise Wrong(f"{where}: {', '.join(sorted(unknown))} would not be checked by the server")
        if not set(types) <= set(TYPES):
            raise Wrong(f"{where}: type {types} is not read here")
        bits = [TYPES[t] for t in types] + (["FIELD_NULL"] if schema.get("nullable") else [])
        f = {"name": c_string(name), "types": " | ".join(bits), "required": str(required).lower(),
             "min": "INT64_MIN", "max": "INT64_MAX", "min_len": "0", "max_len": "-1"}
        if place in ("path", "header"):
            f["in_" + place] = "true"
        if "integer" in types:
            if not -INT64_MAX <= schema.get("minimum", 0) <= schema.get("maximum", INT64_MAX) <= INT64_MAX:
                raise Wrong(f"{where}: minimum and maximum must be in order and fit 64 bits")
            f["min"] = f"INT64_C({schema['minimum']})" if "minimum" in schema else f["min"]
            f["max"] = f"INT64_C({schema['maximum']})" if "maximum" in schema else f["max"]
        if "string" in types:
            f["min_len"], f["max_len"] = str(schema.get("minLength", 0)), str(schema.get("maxLength", -1))
            if "format" in schema:
                if schema["format"] != "date-time":
                    raise Wrong(f"{where}: of formats only date-time is read")
                f["date_time"] = "true"
            elif "maxLength" not in schema and "enum" not in schema and schema.get("pattern", "").count("{") == 0:
                raise Wrong(f"{where}: a string needs maxLength")
            if schema.get("pattern") == ONE_LINE:
                f["one_line"] = "true"
            elif "pattern" in schema:
                f["pattern"] = self.pattern(schema["pattern"], where)
                f["says"] = c_string(schema.get("x-says") or f"must match {schema['pattern']}")
            if "enum" in schema:
                f["values"] = self.values(schema["enum"])
        if "array" in types:
            f["min_len"], f["max_len"] = str(schema.get("minItems", 0)), str(schema["maxItems"])
            f["unique"] = str(bool(schema.get("uniqueItems"))).lower()
            item = self.name("item")
            self.out.append(f"static const struct field {item} = {self.field('', schema['items'], True, where + ' items')};")
            f["items"] = "&" + item
        if "object" in types:
            if schema.get("additionalProperties") is not False:
                raise Wrong(f"{where}: an object in a body has additionalProperties: false")
            needed = schema.get("required", [])
            rows = [self.field(n, m, n in needed, f"{where} {n}") for n, m in schema["properties"].items()]
            f["members"], f["n_members"] = self.fields("members", rows)
        if "default" in schema and not isinstance(schema["default"], list):
            value = schema["default"]
            f["def"] = c_string(str(value).lower() if isinstance(value, bool) else str(value))
        return "{ " + ", ".join(f".{k} = {v}" for k, v in f.items()) + " }"

    def fields(self, stem, rows):
        if not rows:
            return "NULL", 0
        if len(rows) > 64:
            raise Wrong(f"{stem}: more than 64 fields")
        name = self.name(stem)
        self.out.append(f"static const struct field {name}[] = {{\n\t" + ",\n\t".join(rows) + "\n};")
        return name, len(rows)


def scopes_of(op):
    return [s for s in str(op.get("x-required-scope") or "").split() if s]


def scope_bits(op, where):
    names = scopes_of(op)
    for s in names:
        if not re.fullmatch(r"[a-z]+:[a-z]+", s):
            raise Wrong(f"{where}: x-required-scope {s}")
    return " | ".join(f"SCOPE_BIT(SCOPE_{s.upper().replace(':', '_')})" for s in names) or "0"


def role_bits(op):
    return " | ".join(f"ROLE_BIT(ROLE_{r.upper()})" for r in op.get("x-required-roles", [])) or "0"


def parameters_of(doc, op, where):
    return [doc.deref(p, where) for p in op.get("parameters", [])]


def body_of(doc, op, where):
    """(schema, required) of the JSON body, or (None, False); of bytes that are taken as they come (RAW, required)."""
    body = doc.deref(op.get("requestBody"), where) if op.get("requestBody") else None
    if body is None:
        return None, False
    if list(body["content"]) in ([RAW], [ANY]):
        return RAW, bool(body.get("required"))
    if list(body["content"]) not in (["application/json"], [FORM]):
        raise Wrong(f"{where}: only bodies of application/json, {FORM}, {RAW} or {ANY} are read")
    schema = doc.deref(next(iter(body["content"].values()))["schema"], where)
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        raise Wrong(f"{where}: the body must be an object with additionalProperties: false")
    missing = set(schema.get("required", [])) - set(schema["properties"])
    if missing:
        raise Wrong(f"{where}: required but not among the properties: {', '.join(missing)}")
    return schema, bool(body.get("required"))


def media_is(doc, op, where, media):
    return "requestBody" in op and list(doc.deref(op["requestBody"], where)["content"]) == [media]


def check_statuses(doc, op, path, where):
    """Every status that the edge can answer for such an operation is documented, and has the one shape of errors, or is a page."""
    needed = {"400", "405", "413", "500"}
    if op["x-auth"] != "none":
        needed |= {"303" if op["x-auth"] == "session" else "401", "429", "503"}
    if op["x-rate"] != "none":
        needed |= {"429"}
    if scopes_of(op) or op.get("x-required-roles") or op.get("x-host-field"):
        needed |= {"403"}
    if "requestBody" in op:
        needed |= {"415"}
    if op.get("x-repo-field") or "{" in path:
        needed |= {"404"}
    told = {str(s) for s in op["responses"]}
    if needed - told:
        raise Wrong(f"{where}: can also give {', '.join(sorted(needed - told))}; list them under responses")
    for status, response in op["responses"].items():
        response = doc.deref(response, where)
        if str(status) >= "400" and op.get("x-page"):
            if list(response.get("content", {})) != ["text/html"]:
                raise Wrong(f"{where}: {status} must be text/html")
        elif str(status) >= "400":
            ref = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
            if ref != "#/components/schemas/ErrorResponse":
                raise Wrong(f"{where}: {status} must be an ErrorResponse")


def check_operation(doc, path, method, op):
    where = f"{method} {path}"
    for key in ("operationId", "summary", "x-auth", "x-rate", "security", "responses"):
        if key not in op:
            raise Wrong(f"{where}: {key} is missing")
    if op["x-auth"] not in AUTH or op["x-rate"] not in RATE:
        raise Wrong(f"{where}: x-auth is one of {', '.join(AUTH)}; x-rate one of {', '.join(RATE)}")
    if bool(op.get("x-page")) != op["operationId"].startswith("page") or (op["x-auth"] == "session" and not op.get("x-page")):
        raise Wrong(f"{where}: the operationId of a page, and of nothing else, begins with page; sessions are for pages")
    guarded = any("bearer" in s for s in op["security"])
    signed = any("signature" in s for s in op["security"])
    if guarded != (op["x-auth"] not in ("none", "login", "signature")) or signed != (op["x-auth"] == "signature"):
        raise Wrong(f"{where}: security and x-auth do not agree")
    if ("requestBody" in op) != ("x-body-limit" in op):
        raise Wrong(f"{where}: requestBody and x-body-limit go together")
    if {p["name"] for p in parameters_of(doc, op, where) if p["in"] == "path"} != set(re.findall(r"\{(\w+)\}", path)):
        raise Wrong(f"{where}: the parameters in the path and those declared differ")
    check_statuses(doc, op, path, where)


def operation_row(doc, tables, path, method, op):
    where = f"{method} {path}"
    check_operation(doc, path, method, op)
    params = []
    for p in parameters_of(doc, op, where):
        if p["in"] not in ("query", "path", "header") or "array" in str(doc.deref(p["schema"], where).get("type")):
            raise Wrong(f"{where}: parameter {p['name']}: only simple ones in query, path and header are read")
        params.append(tables.field(p["name"], p["schema"], bool(p.get("required")), f"{where} {p['name']}", p["in"]))
    schema, required = body_of(doc, op, where)
    members, raw = [], schema == RAW
    if schema and not raw:
        members = [tables.field(n, s, n in schema.get("required", []), f"{where} {n}") for n, s in schema["properties"].items()]
    if op.get("x-repo-field") and op["x-repo-field"] not in ({} if raw else schema or {}).get("properties", {}):
        raise Wrong(f"{where}: x-repo-field names no member of the body")
    if op.get("x-body-stream") and not raw:
        raise Wrong(f"{where}: x-body-stream is for a body of {RAW}")
    if op.get("x-host-field") and op["x-host-field"] not in [p["name"] for p in parameters_of(doc, op, where)]:
        raise Wrong(f"{where}: x-host-field names no parameter")
    p_name, n_params = tables.fields("params", params)
    f_name, n_fields = tables.fields("fields", members)
    limit = op.get("x-body-limit", 0)
    row = {
        "id": c_string(op["operationId"]), "method": c_string(method), "path": c_string(path), "handler": handler_of(op), "begin": begin_of(op) or "NULL",
        "auth": AUTH[op["x-auth"]], "rate": RATE[op["x-rate"]], "scope": scope_bits(op, where), "roles": role_bits(op),
        "params": p_name, "n_params": n_params, "fields": f_name, "n_fields": n_fields,
        "has_body": str(schema is not None).lower(), "form_body": str(media_is(doc, op, where, FORM)).lower(), "raw_body": str(raw).lower(), "any_media": str(media_is(doc, op, where, ANY)).lower(), "body_required": str(required).lower(),
        "page": str(bool(op.get("x-page"))).lower(), "any_query": str(bool(op.get("x-any-query"))).lower(), "repair_text": str(bool(op.get("x-repair-text"))).lower(),
        "body_limit": 0 if limit in LIMITS else int(limit), "body_limit_of": LIMITS.get(limit, "OP_LIMIT_FIXED"),
        "repo_field": c_string(op["x-repo-field"]) if op.get("x-repo-field") else "NULL",
        "host_field": c_string(op["x-host-field"]) if op.get("x-host-field") else "NULL",
    }
    return "\t{ " + ",\n\t  ".join(f".{k} = {v}" for k, v in row.items()) + " },"


NOTE = "/* Made from api/openapi.yaml by tools/gen_api.py. Change the document, not this. */\n"


def make_table(doc):
    tables = Tables(doc)
    rows = [operation_row(doc, tables, path, method, op) for path, method, op in doc.operations()]
    patterns = ["struct pattern api_patterns[] = {"] + [f"\t{{ .text = {c_string(p)} }}," for p in tables.patterns] + [
        "\t{ .text = NULL },", "};"]
    return "\n".join([NOTE + '#include "api_table.h"', '#include "http/router.h"', ""] + patterns + [""] + tables.out +
                     ["", "const struct op api_ops[] = {"] + rows +
                     ["};", "const size_t api_n_ops = sizeof api_ops / sizeof api_ops[0];",
                      "const struct op_table router_api = { .ops = api_ops, .n = sizeof api_ops / sizeof api_ops[0], "
                      ".patterns = api_patterns };", ""])


def make_header(doc):
    names = sorted({n for _, _, op in doc.operations() for n in (handler_of(op), begin_of(op)) if n})
    return "\n".join([NOTE + "#ifndef API_TABLE_H", "#define API_TABLE_H", '#include "http/call.h"', ""] +
                     [f"enum err_code {n}(struct call *c, struct err *e);" for n in names] + ["", "#endif", ""])


# --- the page

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c1e21;background:#fff}
code{font:14px/1.4 ui-monospace,monospace}h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2.5rem;border-top:1px solid #d5d8dc;padding-top:1.5rem}
h2 code{font-size:1.05rem}table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;
border-bottom:1px solid #e6e8eb;font-weight:400}th{color:#5a6067;font-size:.85rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}
dt{color:#5a6067}dd{margin:0}.m{display:inline-block;min-width:5rem;font-weight:600}a{color:#0b57a4}td:last-child{overflow-wrap:anywhere}
small,summary{color:#5a6067;font-size:.85rem}summary{cursor:pointer}td small{display:block}
@media(max-width:40rem){.m{min-width:0;padding-right:.5rem}td,th{padding-right:.5rem}td code,small{font-size:.8rem}}
@media(prefers-color-scheme:dark){body{color:#e4e6e9;background:#17191c}h2{border-color:#3a3f45}td,th{border-color:#2c3035}th,dt,small,summary{color:#9aa1a9}a{color:#7db5f0}}
"""

WHO = {"none": "everybody", "token": "a token (slc_...)",
       "login": "a user's e-mail address and password, or a token (slc_...)", "internal": "the internal token, or a token (slc_...)",
       "metrics": "everybody over loopback without a proxy, else a token (slc_...)", "session": "who has signed in",
       "fleet": "a token (slc_...); on [fleet] listen the host that the client certificate names",
       "signature": "whoever signs the body with the secret of [hook]"}
HOW_OFTEN = {"none": "not limited", "public": "[limits] reads a minute, by address", "read": "[limits] reads a minute, a token",
             "write": "[limits] writes a minute, a token", "login": "[limits] logins in 15 minutes, by address",
             "ingest": "bounded by requests (429) and bytes (503) in flight"}


def esc(text):
    return html.escape(str(text))


def type_text(doc, schema):
    schema = doc.deref(schema, "docs")
    if "oneOf" in schema:
        return " or ".join(type_text(doc, s) for s in schema["oneOf"])
    if schema.get("type") == "array":
        return f"list of {type_text(doc, schema['items'])}" + (f", {schema['maxItems']} at most" if "maxItems" in schema else "")
    parts = [schema.get("type", "any")]
    if "enum" in schema:
        parts = [" | ".join(word for word in schema["enum"] if word is not None)]  # null is told below
    low, high = schema.get("minimum"), schema.get("maximum")
    if high == INT64_MAX:
        high = None
    if low is not None or high is not None:
        parts.append(f"{low if low is not None else ''}..{high if high is not None else ''}")
    if "maxLength" in schema:
        parts.append(f"{schema.get('minLength', 0)}..{schema['maxLength']} characters")
    if schema.get("pattern") == ONE_LINE:
        parts.append("one line")
    if "x-says" in schema:
        parts.append(schema["x-says"])
    if schema.get("nullable"):
        parts.append("or null")
    if "default" in schema:
        parts.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(parts)


def rows_table(head, rows):
    if not rows:
        return ""
    cells = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{h}</th>" for h in head) + f"</tr>{cells}</table>" if any(head) else f"<table>{cells}</table>"


def what(doc, schema, description=""):
    description = description or doc.deref(schema, "docs").get("description", "")
    return esc(type_text(doc, schema)) + (f"<small>{esc(description)}</small>" if description else "")


def answer_rows(doc, schema, before=""):
    for name, s in doc.deref(schema, "docs").get("properties", {}).items():
        s = doc.deref(s, "docs")
        yield f"<code>{esc(before + name)}</code>", what(doc, s)
        inner, mark = (doc.deref(s["items"], "docs"), "[].") if s.get("type") == "array" else (s, ".")
        yield from answer_rows(doc, inner, before + name + mark)


def media_of(response, status):
    """Of good answers only: every error is an ErrorResponse."""
    return f"<small>{esc(' or '.join(response['content']))}</small>" if status < "400" and "content" in response else ""


def answers_html(doc, op, where):
    """The members of the JSON of good answers, folded away."""
    found = {}
    for status, response in op["responses"].items():
        schema = doc.deref(response, where).get("content", {}).get("application/json", {}).get("schema")
        rows = tuple(answer_rows(doc, schema)) if schema and str(status) < "400" else ()
        if rows:
            found.setdefault(rows, []).append(str(status))
    return "".join(f"<details><summary>Answer {', '.join(statuses)}</summary>{rows_table(('', ''), rows)}</details>"
                   for rows, statuses in found.items())


def operation_html(doc, path, method, op):
    where = f"{method} {path}"
    facts = [("Who", esc(WHO[op["x-auth"]]))]
    if scopes_of(op):
        facts.append(("Scope", "<code>" + esc(" ".join(scopes_of(op))) + "</code>"))
    if op.get("x-required-roles"):
        facts.append(("Roles", esc(", ".join(op["x-required-roles"]))))
    facts.append(("How often", esc(HOW_OFTEN[op["x-rate"]])))
    if "x-body-limit" in op:
        limit = op["x-body-limit"]
        facts.append(("Body", "at most " + (f"[{'fleet' if limit == 'episode-bytes' else 'limits'}] {limit}" if limit in LIMITS else f"{limit:,} bytes")))
    params = [(f"<code>{esc(p['name'])}</code>", f"in the {p['in']}" if p["in"] != "query" else "required" if p.get("required") else "",
               what(doc, p["schema"], p.get("description", ""))) for p in parameters_of(doc, op, where)]
    schema, _ = body_of(doc, op, where)
    members = []
    if schema == RAW:
        members.append((f"<code>{ANY if media_is(doc, op, where, ANY) else RAW}</code>", "", esc(op["requestBody"].get("description", ""))))
    elif schema:
        for name, s in schema["properties"].items():
            needed = "required" if name in schema.get("required", []) else ""
            members.append((f"<code>{esc(name)}</code>", needed, what(doc, s)))
    statuses = [(f"<code>{esc(code)}</code>", esc(doc.deref(r, where)["description"]) + media_of(doc.deref(r, where), str(code)))
                for code, r in op["responses"].items()]
    return (f'<h2 id="{esc(op["operationId"])}"><span class="m">{method}</span><code>{esc(path)}</code></h2>'
            f"<p><strong>{esc(op['summary'])}.</strong> {esc(op.get('description', ''))}</p>"
            "<dl>" + "".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in facts) + "</dl>" +
            rows_table(("Parameter", "", ""), params) + rows_table(("Body", "", ""), members) +
            rows_table(("Status", ""), statuses) + answers_html(doc, op, where))


def make_page(doc):
    operations = [(path, method, op) for path, item in doc.root["paths"].items() for method, op in
                  ((m.upper(), o) for m, o in item.items())]
    index = "".join(f'<tr><td><a href="#{esc(op["operationId"])}"><span class="m">{method}</span><code>{esc(path)}</code></a></td>'
                    f"<td>{esc(op['summary'])}</td></tr>" for path, method, op in operations)
    info = doc.root["info"]
    return ("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            f"<title>{esc(info['title'])} HTTP interface</title><style>{STYLE}</style></head><body>"
            f"<h1>{esc(info['title'])} HTTP interface, {esc(info['version'])}</h1><p>{esc(info['description'])}</p>"
            "<p>Made from <a href=\"/openapi.yaml\">openapi.yaml</a> (<a href=\"/openapi.json\">as JSON</a>), as the server's own checks are.</p>"
            f"<table>{index}</table>" + "".join(operation_html(doc, *o) for o in operations) + "</body></html>\n")


def bytes_array(name, text):
    data = text.encode()
    lines = [", ".join(str(b) for b in data[i:i + 32]) for i in range(0, len(data), 32)]
    return (f"static const unsigned char {name}_bytes[] = {{\n\t" + ",\n\t".join(lines) + "\n};\n"
            f"const struct str {name} = {{ (const char *){name}_bytes, sizeof {name}_bytes }};\n")


def plain(value):
    """YAML reads an unquoted date as one; JSON has none."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    raise Wrong(f"{value!r} has no form in JSON")


def make_docs(doc):
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    csp = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return (NOTE + '#include "http/op.h"\n\n' + bytes_array("api_openapi_yaml", doc.text) +
            bytes_array("api_openapi_json", json.dumps(doc.root, ensure_ascii=True, default=plain) + "\n") +
            bytes_array("api_docs_html", make_page(doc)) + f"const char api_docs_csp[] = {c_string(csp)};\n")


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: gen_api.py api/openapi.yaml OUTDIR")
    try:
        with open(sys.argv[1], encoding="utf-8") as f:
            doc = Document(f.read())
        header, table, docs = make_header(doc), make_table(doc), make_docs(doc)
    except (Wrong, yaml.YAMLError) as e:
        sys.exit(f"{sys.argv[1]}: {e}")
    os.makedirs(sys.argv[2], exist_ok=True)
    write(sys.argv[2], "api_table.h", header)
    write(sys.argv[2], "api_table.c", table)
    write(sys.argv[2], "api_docs.c", docs)


if __name__ == "__main__":
    main()
