/*
 * ship_answer: see the header.
 *
 * A receiver of ours says {"code", "message", "details": {"remediation", ..}}. Others put the remediation at the top, or answer in plain text, which is then all that there is
 * to say.
 */
#include "agent/ship_answer.h"

#include "base/json.h"
#include "base/utf8.h"

#define MESSAGE_MAX 300

static const struct {
	int least, most;
	enum ship_verdict verdict;
} verdicts[] = {
	{ 200, 299, SHIP_TAKEN },
	{ 400, 400, SHIP_REFUSED },
	{ 408, 408, SHIP_AGAIN },
	{ 409, 409, SHIP_REFUSED },
	{ 412, 413, SHIP_REFUSED },
	{ 422, 422, SHIP_REFUSED },
	{ 429, 429, SHIP_AGAIN },
	{ 500, 599, SHIP_AGAIN },
};

enum ship_verdict ship_verdict_of(int status)
{
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (status >= verdicts[i].least && status <= verdicts[i].most)
			return verdicts[i].verdict;
	return SHIP_MISCONFIGURED;
}

/* What a person would look at first, for those statuses whose text often says little. */
static const char *hint_of(int status)
{
	switch (status) {
	case 401:
		return "the token is missing, wrong or revoked (--token-file, SLUICE_TOKEN)";
	case 403:
		return "the token has not the scope episodes:write, or is of another host (--host)";
	case 404:
	case 405:
		return "is that the URL of a receiver (--url, --path)?";
	default:
		return "";
	}
}

static struct str first_line(struct str s)
{
	s = str_trim(s);
	s.len = str_find(s, '\n');
	s = str_trim(s);
	s.len = utf8_valid(s.len > MESSAGE_MAX ? (struct str){ s.p, MESSAGE_MAX } : s);
	return s;
}

static bool is_page(const struct http_answer *a)
{
	return str_starts(str_z(a->content_type), STR("text/html"));
}

static bool names_another(const struct json *root, const struct sha256 *digest)
{
	struct str told = json_str(json_get(root, "sha256"));
	AUTO_BUF hex;

	buf_init(&hex, 2 * SHA256_LEN);
	hex_encode(digest->b, SHA256_LEN, &hex);
	return told.len > 0 && !str_eq_nocase(told, buf_view(&hex));
}

static struct str find_remediation(const struct json *root)
{
	static const char *const places[] = { "details", "detail", "error" };
	struct str found = json_str(json_get(root, "remediation"));

	for (size_t i = 0; i < sizeof places / sizeof *places && found.len == 0; i++)
		found = json_str(json_get(json_get(root, places[i]), "remediation"));
	return found;
}

static struct str find_message(const struct json *root)
{
	static const char *const names[] = { "message", "error", "detail" };
	struct str found = STR("");

	for (size_t i = 0; i < sizeof names / sizeof *names && found.len == 0; i++)
		found = json_str(json_get(root, names[i]));
	return found;
}

static void distrust(struct ship_answer *ret, const char *why)
{
	ret->verdict = SHIP_MISCONFIGURED;
	ret->message = str_z(why);
}

void ship_answer_read(const struct http_answer *a, const struct sha256 *digest, struct arena *arena,
	struct ship_answer *ret)
{
	struct json_doc *doc = NULL;
	struct json *root = NULL;
	struct str body = buf_view(&a->body), message, hint = str_z(hint_of(a->status));

	*ret = (struct ship_answer){ .verdict = ship_verdict_of(a->status), .status = a->status };
	if (json_parse(body, JSON_REPAIR_TEXT, &doc, NULL) == ERR_OK) {
		root = json_root(doc);
		message = first_line(find_message(root));
		ret->remediation = arena_str(arena, find_remediation(root));
	} else {
		message = is_page(a) ? STR("") : first_line(body);
		if (!is_page(a) && a->status == 412)
			ret->remediation = arena_str(arena, str_trim(body));
	}
	ret->message = message.len > 0 && hint.len > 0
			       ? arena_fmt(arena, "%.*s; %s", STR_FMT(message), hint.p)
			       : arena_str(arena, message.len > 0 ? message : hint);
	if (ret->verdict == SHIP_TAKEN && is_page(a))
		distrust(ret, "a page answered, not a receiver; is that its URL (--url, --path)?");
	else if (ret->verdict == SHIP_TAKEN && names_another(root, digest))
		distrust(ret, "it has other bytes than were sent");
	json_free(doc);
}
