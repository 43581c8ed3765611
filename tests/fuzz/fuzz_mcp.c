/*
 * mcp: whatever bytes and headers come, the message that is taken has all that its readers look at, and a refusal says why. The first byte chooses the headers: those
 * that agree with the body, or others.
 */
#include "http/mcp.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct mcp_message *m, const struct mcp_headers *h)
{
	int64_t n;

	assert(m->method.len > 0);
	assert(!m->params || json_kind(m->params) == JSON_OBJECT);
	assert(!m->id || json_kind(m->id) == JSON_STRING || json_int(m->id, &n));
	if (!m->id)
		return;
	if (m->modern)
		assert(str_eq(h->version, STR(MCP_MODERN)) && str_eq(h->method, m->method));
	else
		assert(h->version.len == 0 || mcp_is_legacy(h->version) ||
			str_eq(m->method, STR("initialize")));
}

static void check_refusal(const struct mcp_message *m, const struct mcp_refusal *why)
{
	int64_t n;

	assert(why->status == 400 && why->code < 0 && why->text[0] && memchr(why->text, 0, sizeof why->text));
	assert(why->code == MCP_NO_VERSION || why->requested.len == 0);
	assert(!m->id || json_kind(m->id) == JSON_STRING || json_int(m->id, &n));
}

/* The headers that a good client would send with this body. */
static struct mcp_headers headers_of(const struct mcp_message *m)
{
	struct json *root = json_root(m->doc), *params = json_get(root, "params");

	return (struct mcp_headers){ .version = json_str(json_get(json_get(params, "_meta"),
					     "io.modelcontextprotocol/protocolVersion")),
		.method = json_str(json_get(root, "method")),
		.name = json_str(json_get(params, "name")) };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const versions[] = { "", MCP_MODERN, MCP_LEGACY_NEWEST, "2077-01-01" };
	struct str body = { (const char *)data + 1, size - 1 };
	struct mcp_headers h = { 0 };
	struct mcp_message m, again;
	struct mcp_refusal why;

	if (size == 0)
		return 0;
	h.version = str_z(versions[data[0] % 4]);
	h.method = data[0] & 4 ? STR("tools/call") : STR("");
	h.name = data[0] & 8 ? STR("=?base64?eA==?=") : STR("list_runs");
	if (mcp_read(body, &h, &m, &why))
		check_message(&m, &h);
	else
		check_refusal(&m, &why);
	if (m.doc) { /* with headers that agree it is taken, if it is any good */
		h = headers_of(&m);
		if (mcp_read(body, &h, &again, &why))
			check_message(&again, &h);
		else
			check_refusal(&again, &why);
		mcp_done(&again);
	}
	mcp_done(&m);
	return 0;
}
