/* fix_facts: see the header. */
#include "agent/fix_facts.h"

#include "base/digest.h"
#include "base/utf8.h"
#include "model/repo.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum kind { NUMBER, SHA, REPO, WORD, NAME, URL };

struct fact {
	const char *name;
	enum kind kind;
	size_t offset;
};
static const struct fact facts[] = {
#define FACT(name, kind, field) { name, kind, offsetof(struct fix_claim, field) },
#include "agent/fix_facts.tbl"
};
static_assert(sizeof facts / sizeof *facts == FIX_N_FACTS, "FIX_N_FACTS is the number of rows");

/* ---- kinds ---- */

static bool is_sha(struct str s)
{
	if ((s.len != 40 && s.len != 64) || !is_hex(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'F')
			return false;
	return true;
}

static bool is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
	       c == '_' || c == '-';
}

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_word_byte(s.p[i]))
			return false;
	return s.len <= FIX_NAME_MAX && s.p[0] != '-';
}

/* C0, DEL and C1, which some terminals obey as well; and what ends a line elsewhere. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

static bool is_name(struct str s)
{
	if (s.len > FIX_NAME_MAX || s.p[0] == '-')
		return false;
	while (s.len > 0) {
		uint32_t code;
		size_t n = utf8_decode(s.p, s.len, &code);

		if (n == 0 || is_control(code))
			return false;
		s = str_from(s, n);
	}
	return true;
}

/* RFC 3986, section 2. */
static bool is_url(struct str s)
{
	if (s.len > FIX_URL_MAX || (!str_starts(s, STR("https://")) && !str_starts(s, STR("http://"))))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_word_byte(s.p[i]) && (s.p[i] == '\0' || !strchr("~:/?#[]@!$&'()*+,;=%", s.p[i])))
			return false;
	return true;
}

static bool is_harmless(enum kind kind, struct str s)
{
	switch (kind) {
	case SHA:
		return is_sha(s);
	case REPO:
		return repo_name_check(s, NULL) == ERR_OK;
	case WORD:
		return is_word(s);
	case NAME:
		return is_name(s);
	case URL:
		return is_url(s);
	case NUMBER:
		break;
	}
	return false;
}

/* ---- a claim ---- */

enum err_code fix_claim_check(const struct fix_claim *c, struct str repo, struct err *e)
{
	if (c->dispatch_id <= 0 || c->number <= 0)
		return err_set(e, ERR_INVALID, "the server's answer has no dispatch and claim in it");
	if (!str_eq_nocase(c->repo, repo))
		return err_set(e, ERR_INVALID, "it is not of the repo that was asked for");
	if (!is_sha(c->head_sha))
		return err_set(e, ERR_INVALID, "its commit is no commit's id of 40 or 64 hex digits");
	if (c->prompt.len == 0)
		return err_set(e, ERR_INVALID, "it has no prompt");
	return ERR_OK;
}

void fix_facts_each(const struct fix_claim *c,
	void (*each)(void *arg, const char *name, struct str value, bool dropped), void *arg)
{
	for (size_t i = 0; i < FIX_N_FACTS; i++) {
		const void *field = (const char *)c + facts[i].offset;
		struct str value = STR("");
		bool dropped = false;
		char digits[24];

		if (facts[i].kind == NUMBER) {
			const int64_t *number = field;

			if (*number > 0)
				value = (struct str){ digits,
					(size_t)snprintf(digits, sizeof digits, "%lld", (long long)*number) };
			dropped = *number < 0;
		} else {
			const struct str *text = field;

			dropped = text->len > 0 && !is_harmless(facts[i].kind, *text);
			if (!dropped)
				value = *text;
		}
		each(arg, facts[i].name, value, dropped);
	}
}
