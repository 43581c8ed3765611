#ifndef HTTP_MCP_H
#define HTTP_MCP_H
/*
 * mcp: a message of the Model Context Protocol as it comes by HTTP (https://modelcontextprotocol.io/specification), taken apart: what it asks for, and in which of
 * the protocol's two eras.
 *
 * The older era (2024-11-05 to 2025-11-25) begins with `initialize`, in which both sides agree on a version; later requests may name it in the header
 * MCP-Protocol-Version. In the newer one (2026-07-28) each request says all there is to know of it in params._meta, and headers repeat what others on the
 * way may want to know: they have to agree with the body. A message is of the newer era when it says so, in the body or in the header. Nothing is kept between
 * requests in either.
 *
 * Nothing here knows a call, a tool or a store: bytes and three headers come in, a message or a refusal goes out.
 */
#include "base/json.h"

#define MCP_LEGACY_NEWEST "2025-11-25"
#define MCP_MODERN "2026-07-28"
/* All that are spoken, the newest first; ends with NULL. */
extern const char *const mcp_versions[];

enum mcp_code { /* of JSON-RPC, and of MCP's own among them */
	MCP_PARSE_ERROR = -32700,
	MCP_INVALID_REQUEST = -32600,
	MCP_NO_METHOD = -32601,
	MCP_INVALID_PARAMS = -32602,
	MCP_HEADERS_DIFFER = -32020,
	MCP_NO_VERSION = -32022
};

struct mcp_headers { /* as they were sent; empty: not */
	struct str version, method, name;
	bool doubled; /* one of them came more than once */
};

struct mcp_message {
	struct json_doc *doc; /* what all else is a view of */
	struct json *id;      /* a text or an integer; NULL: a notification, which has no answer */
	struct str method;
	struct json *params; /* an object, or NULL */
	bool modern;
};

struct mcp_refusal {
	int status; /* of HTTP */
	enum mcp_code code;
	char text[300];
	struct str
		requested; /* with MCP_NO_VERSION: the version that was asked for, a view of message or header */
};

/*
 * False: it is refused, and ret_why says how; ret->doc, and ret->id if it was read, are set all the same. mcp_done() in either case. A notification is refused
 * only where it is no message at all.
 */
MUST_CHECK bool mcp_read(struct str body, const struct mcp_headers *headers, struct mcp_message *ret,
	struct mcp_refusal *ret_why);
void mcp_done(struct mcp_message *m); /* also of a zeroed one */
/* Does the version that a client of the older era asks for exist in it? */
bool mcp_is_legacy(struct str version);

#endif
