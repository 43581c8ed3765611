/*
 * mcp_message: see mcp.h. What is wrong is told in the order of the protocol's own implementations, so that a client that feels its way gets the answer that it
 * knows what to do with: the shape of the message, then what the newer era wants in _meta, then headers, then the version.
 */
#include "http/mcp.h"

#include "base/digest.h"

#include <stdarg.h>
#include <stdio.h>

#define META_VERSION "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"

const char *const mcp_versions[] = { MCP_MODERN, MCP_LEGACY_NEWEST, "2025-06-18", "2025-03-26", "2024-11-05",
	NULL };

bool mcp_is_legacy(struct str version)
{
	for (size_t i = 1; mcp_versions[i]; i++)
		if (str_eq(version, str_z(mcp_versions[i])))
			return true;
	return false;
}

static bool refuse(struct mcp_refusal *why, enum mcp_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse(struct mcp_refusal *why, enum mcp_code code, const char *fmt, ...)
{
	va_list ap;

	*why = (struct mcp_refusal){ .status = 400, .code = code };
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
	return false;
}

static bool refuse_version(struct mcp_refusal *why, struct str requested)
{
	refuse(why, MCP_NO_VERSION,
		"this version of the protocol is not spoken here; data.supported has those that are");
	why->requested = requested;
	return false;
}

/* ---- the shape ---- */

static bool read_id(struct json *id, struct mcp_message *m, struct mcp_refusal *why)
{
	int64_t n;

	if (id && json_kind(id) != JSON_STRING && !json_int(id, &n))
		return refuse(why, MCP_INVALID_REQUEST, "id has to be a text or an integer");
	m->id = id;
	return true;
}

static bool read_shape(struct json *root, struct mcp_message *m, struct mcp_refusal *why)
{
	struct json *params = json_get(root, "params"), *method = json_get(root, "method");

	if (json_kind(root) == JSON_ARRAY)
		return refuse(why, MCP_INVALID_REQUEST,
			"batches are not taken; send each message in a request of its own");
	if (json_kind(root) != JSON_OBJECT)
		return refuse(why, MCP_INVALID_REQUEST, "a message is a JSON object");
	if (!read_id(json_get(root, "id"), m, why))
		return false;
	if (!str_eq(json_str(json_get(root, "jsonrpc")), STR("2.0")))
		return refuse(why, MCP_INVALID_REQUEST, "jsonrpc has to be \"2.0\"");
	if (!method && (json_get(root, "result") || json_get(root, "error")))
		return refuse(why, MCP_INVALID_REQUEST, "an answer was sent, and nothing was asked");
	if (json_kind(method) != JSON_STRING || json_str(method).len == 0)
		return refuse(why, MCP_INVALID_REQUEST, "method has to be a text");
	if (params && json_kind(params) != JSON_OBJECT)
		return refuse(why, MCP_INVALID_REQUEST, "params has to be an object");
	m->method = json_str(method);
	m->params = params;
	return true;
}

/* ---- the newer era ---- */

/* A header may say in base64 what it could not say otherwise: =?base64?...?= */
static bool header_is(struct str header, struct str want)
{
	struct str prefix = STR("=?base64?"), suffix = STR("?=");
	AUTO_BUF coded;

	buf_init(&coded, SIZE_MAX);
	if (!str_starts(header, prefix) || !str_ends(header, suffix) || header.len < prefix.len + suffix.len)
		return str_eq(header, want);
	buf_str(&coded, prefix);
	base64_encode(want, &coded);
	buf_str(&coded, suffix);
	return str_eq(header, buf_view(&coded));
}

static bool check_headers(
	const struct mcp_message *m, struct str version, const struct mcp_headers *h, struct mcp_refusal *why)
{
	struct json *name = json_get(m->params, "name");

	if (h->doubled)
		return refuse(why, MCP_HEADERS_DIFFER,
			"one of the headers MCP-Protocol-Version, Mcp-Method, Mcp-Name came more than once");
	if (!str_eq(h->version, version))
		return refuse(why, MCP_HEADERS_DIFFER,
			"the header MCP-Protocol-Version has to be what " META_VERSION " says");
	if (!str_eq(h->method, m->method))
		return refuse(
			why, MCP_HEADERS_DIFFER, "the header Mcp-Method has to be the message's method");
	if (str_eq(m->method, STR("tools/call")) && json_kind(name) == JSON_STRING &&
		!header_is(h->name, json_str(name)))
		return refuse(why, MCP_HEADERS_DIFFER, "the header Mcp-Name has to be params.name");
	return true;
}

static bool check_modern(const struct mcp_message *m, const struct mcp_headers *h, struct mcp_refusal *why)
{
	struct json *meta = json_get(m->params, "_meta"), *version = json_get(meta, META_VERSION);

	if (json_kind(version) != JSON_STRING)
		return refuse(why, MCP_INVALID_PARAMS, "params._meta lacks " META_VERSION ", a text");
	if (json_kind(json_get(meta, META_CAPABILITIES)) != JSON_OBJECT)
		return refuse(why, MCP_INVALID_PARAMS, "params._meta lacks " META_CAPABILITIES ", an object");
	if (!check_headers(m, json_str(version), h, why))
		return false;
	return str_eq(json_str(version), STR(MCP_MODERN)) || refuse_version(why, json_str(version));
}

/* `initialize` is of the older era alone, and comes before anything was agreed on. */
static bool is_modern(const struct mcp_message *m, const struct mcp_headers *h)
{
	if (json_get(json_get(m->params, "_meta"), META_VERSION))
		return true;
	return !str_eq(m->method, STR("initialize")) &&
	       (str_eq(h->version, STR(MCP_MODERN)) || str_eq(m->method, STR("server/discover")));
}

static bool check_legacy(const struct mcp_message *m, const struct mcp_headers *h, struct mcp_refusal *why)
{
	if (h->version.len == 0 || str_eq(m->method, STR("initialize")) || mcp_is_legacy(h->version))
		return true;
	return refuse_version(why, h->version);
}

bool mcp_read(struct str body, const struct mcp_headers *headers, struct mcp_message *ret,
	struct mcp_refusal *ret_why)
{
	struct err e = { 0 };

	*ret = (struct mcp_message){ 0 };
	if (json_parse(body, 0, &ret->doc, &e) != ERR_OK)
		return refuse(ret_why, MCP_PARSE_ERROR, "%.250s", e.text);
	if (!read_shape(json_root(ret->doc), ret, ret_why))
		return false;
	ret->modern = is_modern(ret, headers);
	if (!ret->id)
		return true;
	return ret->modern ? check_modern(ret, headers, ret_why) : check_legacy(ret, headers, ret_why);
}

void mcp_done(struct mcp_message *m)
{
	json_free(m->doc);
	m->doc = NULL;
}
