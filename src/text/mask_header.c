/*
 * mask_header: `Authorization: Bearer x`, `PRIVATE-TOKEN: x` and their like.
 *
 * Logs show headers in many dresses: as HTTP, as an argument of curl, as JSON (in a string of JSON, too), as
 * what some language prints of a map. Common to all are a name in any case, some quotes and a colon, equals
 * sign or comma, perhaps a scheme (RFC 9110, 11.4), and then the credential, which has no blanks. Only the
 * credential is masked: that there was a header, and of which scheme, is often what the reader looks for.
 *
 * Prose has headers as well ("Authorization: required"). So a credential has to look like one: eight
 * characters or more that are not merely a word.
 */
#include "text/mask_header.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 40
#define SEPARATORS_MAX 12
#define CREDENTIAL_MIN 8
#define CREDENTIAL_LONG 20 /* so long is no word */
#define CREDENTIAL_LOOK 64 /* is as much as is looked at */

static const char *const names[] = {
	"authorization",
	"proxy-authorization",
	"x-authorization",
	"x-auth-token",
	"x-auth-key",
	"x-api-key",
	"api-key",
	"apikey",
	"x-api-token",
	"private-token",
	"job-token",
	"deploy-token",
	"x-gitlab-token",
	"x-vault-token",
	"x-access-token",
	"x-amz-security-token",
	"x-goog-api-key",
	"x-functions-key",
	"ocp-apim-subscription-key",
};

static const char *const schemes[] = {
	"bearer",
	"basic",
	"token",
	"apikey",
	"api-key",
	"key",
	"negotiate",
	"ntlm",
	"digest",
	"jwt",
	"oauth",
	"bot",
	"ssws",
	"splunk",
	"geniekey",
	"googlelogin",
	"aws4-hmac-sha256",
};

void needle_cases_each(const char lower[4], void (*each)(struct str needle))
{
	char spelling[4];

	for (unsigned upper = 0; upper < 16; upper++) {
		for (unsigned c = 0; c < 4; c++) {
			bool raise = (upper >> c & 1) && lower[c] >= 'a' && lower[c] <= 'z';

			spelling[c] = (char)(raise ? lower[c] - 'a' + 'A' : lower[c]);
		}
		each((struct str){ spelling, sizeof spelling });
	}
}

void header_needles_each(void (*each)(struct str needle))
{
	static const char *const parts[] = { "auth", "-tok", "-key", "apik" };

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		needle_cases_each(parts[i], each);
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name_char(char c)
{
	return is_letter_or_digit(c) || c == '-';
}

static bool is_one_of(struct str s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == s.len && strncasecmp(s.p, list[i], s.len) == 0)
			return true;
	return false;
}

/* The whole word around `at`; longer than any name when it is. */
static struct str word_around(struct str text, size_t at)
{
	size_t from = at, end = at;

	while (from > 0 && at - from <= NAME_MAX_LEN && is_name_char(text.p[from - 1]))
		from--;
	while (end < text.len && end - at <= NAME_MAX_LEN && is_name_char(text.p[end]))
		end++;
	/* The dashes of an option, and curl's -HAuthorization: */
	while (from < at && text.p[from] == '-')
		from++;
	if (from > 0 && from < at && text.p[from - 1] == '-' && text.p[from] == 'H')
		from++;
	return (struct str){ text.p + from, end - from };
}

static bool has_any(struct str s, bool (*is)(char c))
{
	for (size_t i = 0; i < s.len; i++)
		if (is(s.p[i]))
			return true;
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A character of base64 that is in no word, or a capital. */
static bool is_unlike_words(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || strchr("+/=~_|", c);
}

/*
 * Something that nobody would write as a word. Behind a scheme a capital inside is enough; else it may be the
 * name of a class or a method (code is logged as well), so that it takes a digit, or sheer length without a
 * dot.
 */
static bool is_credential(struct str s, bool scheme)
{
	while (s.len > 0 && strchr(".:!", s.p[s.len - 1]))
		s.len--;
	if (s.len < CREDENTIAL_MIN)
		return false;
	if (s.len > CREDENTIAL_LOOK)
		s.len = CREDENTIAL_LOOK;
	if (has_any(s, is_digit) || (scheme && has_any(str_from(s, 1), is_unlike_words)))
		return true;
	return s.len >= CREDENTIAL_LONG && str_find(s, '.') == s.len;
}

static size_t skip_any(struct str text, size_t i, const char *set, size_t max)
{
	for (size_t n = 0; n < max && i < text.len && text.p[i] && strchr(set, text.p[i]); n++)
		i++;
	return i;
}

/* What is between a name and its value: quotes, blanks, and a sign that a value follows. */
static struct str separators_at(struct str text, size_t from)
{
	size_t end = skip_any(text, from, " \t\"'\\:=>,[", SEPARATORS_MAX);

	return (struct str){ text.p + from, end - from };
}

static bool is_colon_or_equals(char c)
{
	return c == ':' || c == '=';
}

/* "https://x-access-token:SECRET@host": a user's name, and the URL's business. */
static bool is_user_of_url(struct str text, size_t from)
{
	return from >= 3 && memcmp(text.p + from - 3, "://", 3) == 0;
}

/* "X_Authorization" is an identifier, but for CGI's HTTP_AUTHORIZATION. */
static bool is_part_of_identifier(struct str text, size_t from)
{
	if (from == 0 || text.p[from - 1] != '_')
		return false;
	return from < 5 || strncasecmp(text.p + from - 5, "HTTP_", 5) != 0;
}

bool header_match(struct scan *s, size_t at, struct span *ret)
{
	struct str text = s->text, name = word_around(text, at);
	size_t name_at = (size_t)(name.p - text.p);

	if (!is_one_of(name, names, sizeof names / sizeof names[0]) || is_part_of_identifier(text, name_at) ||
		is_user_of_url(text, name_at))
		return false;

	struct str between = separators_at(text, name_at + name.len);
	size_t from = name_at + name.len + between.len, end = scan_run_end(s, CREDENTIAL, from);
	struct str word = { text.p + from, end - from };
	bool scheme = is_one_of(word, schemes, sizeof schemes / sizeof schemes[0]);
	if (scheme) {
		from = skip_any(text, end, " \t\"'\\", SEPARATORS_MAX);
		end = scan_run_end(s, CREDENTIAL, from);
		word = (struct str){ text.p + from, end - from };
	}
	/* A comma is in pairs ("Authorization", "Bearer x"), but also in lists of words. */
	if (!has_any(between, is_colon_or_equals) && !(scheme && str_find(between, ',') < between.len))
		return false;
	if (!is_credential(word, scheme))
		return false;
	*ret = (struct span){ from, end };
	return true;
}
