/* mask_shape: tokens are known by their looks, and nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/digest.h"
#include "text/mask.h"

#include <stdlib.h>
#include <string.h>

#define CEILING (1 << 20)

/* 40 letters and digits, in pieces so that no scanner takes this file for a leak. */
#define RANDOM40                                                                                             \
	"aB3dE5gH7jK9mN1pQ3sT"                                                                               \
	"5vW7yZ9bD1fG3hJ5kL7n"
#define GITHUB                                                                                               \
	"ghp_"                                                                                               \
	"aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5"

static void assert_shapes(const char *text, const char *want)
{
	AUTO_BUF out;

	buf_init(&out, CEILING);
	mask_shapes(str_z(text), &out);
	if (strcmp(buf_cstr(&out), want) != 0)
		fail_msg("%s\n is shown as %s\n and not as %s", text, buf_cstr(&out), want);
}

enum kind { PLAIN, BEHIND, KEYED, TWO, JWT, PEM, PEM_END, URL };
enum class { ALNUM, WORD, TOKEN, DOTTED, UPPER, HEX, BASE64, PATH };

static const struct {
	const char *prefix;
	enum kind kind;
	enum class class;
	size_t min, max;
} table[] = {
#define SHAPE(prefix, kind, class, min, max) { prefix, kind, class, min, max },
#include "text/mask_shapes.tbl"
#undef SHAPE
};

#define N_TABLE (sizeof table / sizeof table[0])

/* n characters of the class of row i. */
static void add_body(size_t i, size_t n, struct buf *out)
{
	static const char any[] = RANDOM40, upper[] = "ABCD2345EFGH67IJKLMN", hex[] = "0123456789abcdef";

	for (size_t k = 0; k < n; k++)
		buf_char(out, table[i].class == UPPER ? upper[k % 20]
			      : table[i].class == HEX ? hex[k % 16]
						      : any[k % 40]);
}

static void each_shape_of_the_table_is_masked_at_its_least_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLE; i++) {
		AUTO_BUF text;
		AUTO_BUF want;

		if (table[i].kind > KEYED)
			continue;
		buf_init(&text, CEILING);
		buf_init(&want, CEILING);
		buf_fmt(&text, "use \"%s", table[i].prefix);
		add_body(i, table[i].min, &text);
		buf_z(&text, "\", please");
		buf_fmt(&want, "use \"%s***\", please", table[i].kind == PLAIN ? "" : table[i].prefix);
		assert_shapes(buf_cstr(&text), buf_cstr(&want));
	}
}

static void one_character_less_or_too_many_is_something_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLE; i++) {
		size_t lens[] = { table[i].min - 1, table[i].max + 1 };

		if (table[i].kind > KEYED)
			continue;
		for (size_t k = 0; k < 2; k++) {
			AUTO_BUF text;

			buf_init(&text, CEILING);
			buf_fmt(&text, "use %s", table[i].prefix);
			add_body(i, lens[k], &text);
			buf_z(&text, " please");
			assert_shapes(buf_cstr(&text), buf_cstr(&text));
		}
	}
}

static void a_word_that_goes_on_before_it_is_no_token(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLE; i++) {
		AUTO_BUF text;

		if (table[i].kind != PLAIN)
			continue;
		buf_init(&text, CEILING);
		buf_fmt(&text, "x%s", table[i].prefix);
		add_body(i, table[i].min, &text);
		assert_shapes(buf_cstr(&text), buf_cstr(&text));
	}
}

static void what_ends_an_escape_is_no_word_before_it(void **state)
{
	(void)state;
	assert_shapes("\x1b[1;32m" GITHUB "\x1b[0m", "\x1b[1;32m***\x1b[0m");
	assert_shapes("\"token:\\n" GITHUB "\"", "\"token:\\n***\"");
	assert_shapes("?t%3D" GITHUB "&", "?t%3D***&");
	assert_shapes("\"t\\u003d" GITHUB "\"", "\"t\\u003d***\"");
	assert_shapes("TOKEN=" GITHUB ".", "TOKEN=***.");
}

static void several_tokens_are_several_replacements(void **state)
{
	AUTO_BUF out;

	(void)state;
	buf_init(&out, CEILING);
	assert_int_equal(mask_shapes(STR(GITHUB " and hf_" RANDOM40), &out), 2);
	assert_string_equal(buf_cstr(&out), "*** and ***");
}

static void a_shape_is_found_in_base64_at_every_shift(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3 * N_TABLE; i++) {
		size_t row = i / 3;
		AUTO_BUF plain;
		AUTO_BUF text;

		if (table[row].kind != PLAIN || strlen(table[row].prefix) < 4)
			continue;
		buf_init(&plain, CEILING);
		buf_init(&text, CEILING);
		buf_add(&plain, "::", i % 3);
		buf_z(&plain, table[row].prefix);
		add_body(row, table[row].min, &plain);
		buf_z(&plain, "\n");
		buf_z(&text, "header: ");
		base64_encode(buf_view(&plain), &text);
		buf_z(&text, " end");
		assert_shapes(buf_cstr(&text), "header: *** end");
	}
}

static void a_token_with_anything_before_it_is_found_in_base64(void **state)
{
	static const char *const before[] = { "", ":", "::", "a:", "ab:", "abc=", "x y z ", "{\"token\":\"" };

	(void)state;
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		for (int url = 0; url < 2; url++) {
			AUTO_BUF plain;
			AUTO_BUF text;

			buf_init(&plain, CEILING);
			buf_init(&text, CEILING);
			buf_z(&plain, before[i]);
			buf_z(&plain, GITHUB "\"}");
			buf_z(&text, "[");
			(url ? base64url_encode : base64_encode)(buf_view(&plain), &text);
			buf_z(&text, "]");
			assert_shapes(buf_cstr(&text), "[***]");
		}
	}
}

static void json_web_tokens_are_masked(void **state)
{
#define JWT_HEAD "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define JWT_BODY "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ"
	(void)state;
	assert_shapes(
		"t=" JWT_HEAD "." JWT_BODY ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c; x", "t=***; x");
	assert_shapes("t=" JWT_HEAD "." JWT_BODY ".; unsigned", "t=***.; unsigned");
	assert_shapes("enc " JWT_HEAD ".bm9wZQ.aXY0NTY3.Y2lwaGVy.dGFn end", "enc *** end");
	assert_shapes("only " JWT_HEAD " a header", "only " JWT_HEAD " a header");
	assert_shapes("two " JWT_HEAD "." JWT_BODY " parts", "two " JWT_HEAD "." JWT_BODY " parts");
}

#define KEY_LINE "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"

static void private_keys_are_masked_to_their_end(void **state)
{
	(void)state;
	assert_shapes("a\n-----BEGIN "
		      "PRIVATE KEY-----\n" KEY_LINE KEY_LINE "-----END "
		      "PRIVATE KEY-----\nb",
		"a\n***\nb");
	assert_shapes("-----BEGIN "
		      "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n" KEY_LINE "-----END "
		      "RSA PRIVATE KEY----- b",
		"*** b");
	assert_shapes("-----BEGIN "
		      "OPENSSH PRIVATE KEY-----\n12:00:01 " KEY_LINE "12:00:01 short==\n12:00:01 -----END "
		      "OPENSSH PRIVATE KEY-----.",
		"***.");
	assert_shapes("-----BEGIN "
		      "PGP PRIVATE KEY BLOCK-----\n\n" KEY_LINE "-----END "
		      "PGP PRIVATE KEY BLOCK-----",
		"***");
	assert_shapes("{\"key\":\"-----BEGIN "
		      "PRIVATE KEY-----\\n"
		      "MIIEvQIBADAN\\n-----END "
		      "PRIVATE KEY-----\\n\",\"x\":1}",
		"{\"key\":\"***\\n\",\"x\":1}");
}

static void a_private_key_without_an_end_is_masked_as_far_as_it_may_go(void **state)
{
	(void)state;
	assert_shapes("-----BEGIN "
		      "PRIVATE KEY-----\n" KEY_LINE KEY_LINE "MIIEvQ",
		"***");
	assert_shapes("-----BEGIN "
		      "PRIVATE KEY-----\n" KEY_LINE "c2hvcnQ=\nmake: *** [all] Error 1",
		"***\nmake: *** [all] Error 1");
	assert_shapes("k=\"-----BEGIN "
		      "PRIVATE KEY-----\\n"
		      "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
		"k=\"***");
	assert_shapes("-----BEGIN "
		      "PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n" KEY_LINE "=abcd\nnext: file",
		"***\nnext: file");
	assert_shapes("found '-----BEGIN "
		      "PRIVATE KEY-----' in a.pem, line 3\nnext file",
		"found '***' in a.pem, line 3\nnext file");
}

/* As a tail is cut. */
static void a_private_key_without_a_beginning_is_masked_from_where_it_may_have_begun(void **state)
{
	(void)state;
	assert_shapes(KEY_LINE KEY_LINE "short==\n-----END "
					"RSA PRIVATE KEY-----\nb",
		"***\nb");
	assert_shapes("a\n\n" KEY_LINE "-----END "
		      "PRIVATE KEY-----",
		"a\n\n***");
	assert_shapes("cc -c a.c\n12:00:01 " KEY_LINE "12:00:01 short==\n12:00:01 -----END "
		      "PRIVATE KEY-----",
		"cc -c a.c\n***");
	assert_shapes("cutoff\n" KEY_LINE "-----END "
		      "PRIVATE KEY-----",
		"***");
	assert_shapes("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\nc2hvcnQ=\\n-----END "
		      "PRIVATE KEY-----\\n\"}",
		"***\\n\"}");
	assert_shapes("a key ends with -----END "
		      "PRIVATE KEY-----, a word\nand\n-----END "
		      "PRIVATE KEY-----",
		"a key ends with -----END "
		"PRIVATE KEY-----, a word\nand\n-----END "
		"PRIVATE KEY-----");
}

static void public_things_in_armour_are_no_keys(void **state)
{
	static const char *const texts[] = { "-----BEGIN CERTIFICATE-----\n" KEY_LINE
					     "-----END CERTIFICATE-----",
		"-----BEGIN PUBLIC KEY-----\n" KEY_LINE "-----END PUBLIC KEY-----", "-----BEGIN ",
		"----- BEGIN TEST PRIVATE -----", KEY_LINE "-----END CERTIFICATE-----" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_shapes(texts[i], texts[i]);
}

static void the_password_of_a_url_goes_and_its_user_stays(void **state)
{
	(void)state;
	assert_shapes(
		"clone https://bot:hunter2@git.example/a/b.git", "clone https://bot:***@git.example/a/b.git");
	assert_shapes("postgres://u:p@ss:w0rd@db:5432/x?y=1", "postgres://u:***@db:5432/x?y=1");
	assert_shapes("redis://:secret@cache", "redis://:***@cache");
	assert_shapes("https://" GITHUB ":x-oauth-basic@github.com/", "https://***:***@github.com/");
	assert_shapes("https://x-access-token:" GITHUB "@github.com/ x",
		"https://x-access-token:***@github.com/ x");
	assert_shapes("https://x:" GITHUB "@github.com/", "https://x:***@github.com/");
	assert_shapes("https://u:***@h/", "https://u:***@h/");
}

static void urls_without_a_password_stay(void **state)
{
	static const char *const texts[] = { "https://git.example/a/b.git", "http://localhost:8080/x@y",
		"ssh://git@git.example:22/a", "http://[::1]:80/",
		"https://registry.example/@types%2fnode 12ms", "docker://host:5000/img@sha256:0123", "://:@",
		"://a:@b", "http://a:80 b@c" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_shapes(texts[i], texts[i]);
}

static void credentials_in_headers_go_and_schemes_stay(void **state)
{
	(void)state;
	assert_shapes("Authorization: Bearer abcDEF123456", "Authorization: Bearer ***");
	assert_shapes("> authorization: basic dXNlcjpwYXNzd29yZA==\r\n", "> authorization: basic ***\r\n");
	assert_shapes("AUTHORIZATION: token 0123456789abcdef", "AUTHORIZATION: token ***");
	assert_shapes("curl -H 'Authorization: Bearer abcDEF123456' https://x",
		"curl -H 'Authorization: Bearer ***' https://x");
	assert_shapes("curl -H \"PRIVATE-TOKEN: abc-def_12345\" x", "curl -H \"PRIVATE-TOKEN: ***\" x");
	assert_shapes("curl -HX-Api-Key:0123456789 x", "curl -HX-Api-Key:*** x");
	assert_shapes("{\"Authorization\": \"Bearer abcDEF123456\", \"a\": 1}",
		"{\"Authorization\": \"Bearer ***\", \"a\": 1}");
	assert_shapes("\"{\\\"authorization\\\":\\\"Basic dXNlcjpwYXNz\\\"}\"",
		"\"{\\\"authorization\\\":\\\"Basic ***\\\"}\"");
	assert_shapes("('Authorization', 'Bearer abcDEF123456')", "('Authorization', 'Bearer ***')");
	assert_shapes(
		"\"Authorization\" => \"Token token=abcDEF123456\"", "\"Authorization\" => \"Token ***\"");
	assert_shapes(
		"map[Authorization:[Bearer abcDEF123456] A:[b]]", "map[Authorization:[Bearer ***] A:[b]]");
	assert_shapes("HTTP_AUTHORIZATION=Bearer abcDEF123456", "HTTP_AUTHORIZATION=Bearer ***");
	assert_shapes("X-Api-Key: 0123456789abcdef", "X-Api-Key: ***");
	assert_shapes("x-vault-token: abcdefghijklmnopqrstuvwx", "x-vault-token: ***");
	assert_shapes("Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: Basic ***");
	assert_shapes("--api-key=0123456789", "--api-key=***");
}

static void keys_with_a_telling_name_are_masked(void **state)
{
	(void)state;
	assert_shapes("aws_secret_access_key = " RANDOM40 "\n", "aws_secret_access_key = ***\n");
	assert_shapes("\"SecretAccessKey\": \"" RANDOM40 "\",", "\"SecretAccessKey\": \"***\",");
	assert_shapes("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" RANDOM40 "+/==;x",
		"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=***;x");
}

/* A log that a reader wants as it is. */
static void ordinary_text_stays_as_it_is(void **state)
{
	static const char *const texts[] = {
		"commit 3f2504e04f8911d39a0c0305e82c3301aabbccdd",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/"
		"SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
		"Running task-0123456789abcdef0123456789abcdef0123",
		"disk-0123456789abcdef0123456789abcdef01234567 is full",
		"risk-aversion is what sk-learn is about; sk-SK, sk-based",
		"sk-learn-contrib/imbalanced-learn-and-more-words-than-thirty",
		"SG. Pepper said so. SG.1 and SG.2",
		"import SG.org.example.package.with.a.very.long.name.in.it.Class",
		"\tat org.junit.Assert.assertEquals(Assert.java:115)",
		"\tat com.example.ghp_test.Main$Inner.lambda$run$0(Main.java:12)",
		"npm_config_cache=/home/runner/.npm npm_lifecycle_event=build npm_package_version=1",
		"npm_config_registry_with_a_very_long_name_that_never_ends_anywhere=1",
		"npm ERR! code ELIFECYCLE",
		"hf_hub_download(repo_id, filename), hf_transfer, hf_0",
		"from xapp-lib import x; xoxb-short; xoxo",
		"glpat-tern glft-er glrt-0 gldt-1234567890",
		"the AKIA prefix, ASIAN food, AKIAIOSFODNN is too short, AKIAIOSFODNN7EXAMPLETOOLONG",
		"AIzanami is no key; AIza",
		"ya29.5 percent; ya29.txt",
		"eyJ is how base64 of {\" begins: eyJhIjoxfQ==",
		"\"mappings\":\"AAAA,SAASA,eyJ.eyJ.x,CAAC\"",
		"data:image/"
		"png;base64,"
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
		"gg==",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3: no version information",
		"src/authorization/token-store.c:12:5: error: 'api_key' undeclared",
		"Authorization: required",
		"authorization: failed to authorize user",
		"Authorization: Bearer token required",
		"Authorization: header is missing",
		"The Authorization header, then the token, then the key",
		"Authorization: Bearer $TOKEN",
		"Authorization: Bearer ${{ secrets.GITHUB_TOKEN }}",
		"Authorization: Basic <credentials>",
		"Authorization: Bearer ***",
		"headers.authorization = request.headers.authorization",
		"features: [\"Win32_Security_Authorization\", \"Win32_Security_Credentials\"]",
		"X-Api-Key: none",
		"api-key: see the docs",
		"private-token: missing",
		"curl --header \"PRIVATE-TOKEN: $CI_TOKEN\"",
		"pypi-upload, pypi-AgEI",
		"dapi0 dapi_key dapiversion",
		"tskey-auth",
		"tskey- is a prefix",
		"hvs.go:12: undefined: hvs.Token",
		"glc_init glc_t glsa_x lin_api_version sq0csp-",
		"sk_live_preview sk_test_mode=1 rk_live_x",
		"pul-request pul-0123456789abcdef",
		"rubygems_version = 3.4.10",
		"ghs_ghp_gho_ghu_",
		"session_token=abc SessionToken: SessionTokenProvider",
		"AccountKey=; SharedAccessKey=test",
		"uuid 123e4567-e89b-12d3-a456-426614174000",
		"4.2% of 0x7ffeefbff5c8; 2026-01-02T03:04:05.678Z",
		"integrity sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
		"whsec_ whsec_test; dop_v1_; shpat_1",
		"discord.com/api/webhooks/ docs; hooks.slack.com/services/T0",
		"bkua_ CCIPAT_ ATATT3 fm2_lJ xai-1 gsk_1",
		"user@host: see mailto:someone@example.org?subject=a:b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_shapes(texts[i], texts[i]);
	assert_true(sizeof texts / sizeof texts[0] >= 40);
}

/* A picture in base64 is as random as text gets. */
static void random_base64_stays_as_it_is(void **state)
{
	uint32_t seed = 20261;
	AUTO_BUF plain;
	AUTO_BUF text;
	AUTO_BUF out;

	(void)state;
	buf_init(&plain, CEILING);
	buf_init(&text, CEILING);
	buf_init(&out, CEILING);
	for (int i = 0; i < 300000; i++) {
		seed = seed * 1664525u + 1013904223u;
		buf_char(&plain, (char)(seed >> 24));
	}
	base64_encode(buf_view(&plain), &text);
	assert_int_equal(mask_shapes(buf_view(&text), &out), 0);
	assert_int_equal(out.len, text.len);
}

static void values_commands_and_shapes_are_one_union(void **state)
{
	struct mask *m = mask_new();
	AUTO_BUF out;

	(void)state;
	assert_int_equal(mask_add(m, STR("aB3dE5gH7j"), NULL), ERR_OK); /* a part of a token */
	buf_init(&out, CEILING);
	assert_int_equal(mask_all(m, STR(GITHUB " ::add-mask::K9mN1pQ3sT\nK9mN1pQ3sT " GITHUB), &out), 4);
	assert_string_equal(buf_cstr(&out), "*** ::add-mask::***\n*** ***");
	mask_free(m);
}

static void a_command_in_the_text_is_obeyed_in_all_of_it(void **state)
{
	AUTO_BUF out;

	(void)state;
	buf_init(&out, CEILING);
	mask_all(NULL, STR("before hunter2\n::Add-Mask::hunter2\nafter hunter2"), &out);
	assert_string_equal(buf_cstr(&out), "before ***\n::Add-Mask::***\nafter ***");
	buf_reset(&out);
	mask_all(NULL,
		STR("-----BEGIN "
		    "PRIVATE KEY-----\n::add-mask::hunter2\n-----END "
		    "PRIVATE KEY-----\nhunter2"),
		&out);
	assert_string_equal(buf_cstr(&out), "***\n***");
}

static void a_shape_with_escape_sequences_inside_is_masked_with_them(void **state)
{
	AUTO_BUF out;

	(void)state;
	assert_shapes("\x1b[1mghp_\x1b[K" RANDOM40 "\x1b[m.", "\x1b[1m***\x1b[m.");
	assert_shapes("https://u:\x1b[31mpass\x1b[0mword@host", "https://u:\x1b[31m***@host");
	buf_init(&out, CEILING);
	mask_all(NULL, STR("::add-mask::hunt\x1b[1mer2\nhunter2 \x1b[7mhun\x1b[mter2"), &out);
	assert_string_equal(buf_cstr(&out), "::add-mask::***\n*** \x1b[7m***");
}

static void a_shape_that_is_escaped_for_json_or_a_url_is_masked(void **state)
{
	(void)state;
	assert_shapes("\"https:\\/\\/user:pass-word@host\\/\"", "\"https:\\/\\/user:***@host\\/\"");
	assert_shapes(
		"url=https%3A%2F%2Fuser%3Apass%21word%40host%2F", "url=https%3A%2F%2Fuser%3A***%40host%2F");
	assert_shapes("AccountKey\\u003d" RANDOM40 "\\u003d\\u003d\"", "AccountKey\\u003d***\"");
	assert_shapes(
		"-----BEGIN%20RSA%20PRIVATE%20KEY-----%0AMIIE%2Babc%0A-----END%20RSA%20PRIVATE%20KEY-----%0A",
		"***%0A");
	assert_shapes("Authorization%3A%20Bearer%20" RANDOM40, "Authorization%3A%20Bearer%20***");
	assert_shapes("100%, 5%2, %zz \\u00e9 \\u12", "100%, 5%2, %zz \\u00e9 \\u12");
}

static void a_text_that_names_a_thousand_values_is_masked_of_all(void **state)
{
	AUTO_BUF text;
	AUTO_BUF out;

	(void)state;
	buf_init(&text, CEILING);
	buf_init(&out, CEILING);
	for (int i = 1000; i < 2000; i++)
		buf_fmt(&text, "::add-mask::name-%d\n", i);
	buf_z(&text, "name-1000 name-1999");
	assert_int_equal(mask_all(NULL, buf_view(&text), &out), 1002);
	assert_null(strstr(buf_cstr(&out), "name-"));
}

/* Both took seconds once. */
static void a_text_made_to_be_slow_to_mask_is_not(void **state)
{
	int64_t start = clock_steady_ms(&clock_system);
	AUTO_BUF text;
	AUTO_BUF out;

	(void)state;
	buf_init(&text, CEILING);
	buf_init(&out, CEILING);
	while (text.len < 65000)
		buf_z(&text, "::add-mask::");
	for (int i = 0; i < 10; i++)
		mask_all(NULL, buf_view(&text), &out);
	buf_reset(&text);
	buf_reset(&out);
	for (int i = 0; text.len < 20000; i++)
		buf_fmt(&text, "::add-mask::aaa%c%c/\n", 33 + i % 90, 33 + i / 90);
	while (text.len < 65000)
		buf_char(&text, 'a');
	for (int i = 0; i < 10; i++)
		mask_all(NULL, buf_view(&text), &out);
	assert_true(clock_steady_ms(&clock_system) - start < 20000);
}

static void nothing_in_gives_nothing_out(void **state)
{
	AUTO_BUF out;

	(void)state;
	buf_init(&out, CEILING);
	assert_int_equal(mask_all(NULL, STR(""), &out), 0);
	assert_int_equal(mask_shapes(STR("a"), &out), 0);
	assert_string_equal(buf_cstr(&out), "a");
}

static void a_text_that_was_masked_stays_as_it_is(void **state)
{
	static const char masked[] = "https://u:***@h/ Authorization: Bearer *** *** ::add-mask::***";
	AUTO_BUF out;

	(void)state;
	buf_init(&out, CEILING);
	assert_int_equal(mask_all(NULL, str_z(masked), &out), 0);
	assert_string_equal(buf_cstr(&out), masked);
}

static void assert_masked(const struct mask *m, const char *text, const char *want)
{
	AUTO_BUF out;

	buf_init(&out, CEILING);
	mask_all(m, str_z(text), &out);
	assert_string_equal(buf_cstr(&out), want);
}

static void a_value_and_a_shape_that_begin_at_the_same_place_do_not_hide_each_other(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	assert_masked(m, "ghp_x " GITHUB, "ghp_x ***");           /* before there are values */
	assert_int_equal(mask_add(m, STR("ghp_"), NULL), ERR_OK); /* as long as the shape's beginning, */
	assert_masked(m, "ghp_x " GITHUB, "***x ***");
	assert_int_equal(mask_add(m, STR("glpat"), NULL), ERR_OK); /* shorter, */
	assert_masked(m, "glpat glpat-aB3dE5gH7jK9mN1pQ3sT", "*** ***");
	assert_int_equal(mask_add(m, STR(GITHUB "-and-more"), NULL), ERR_OK); /* and longer */
	assert_masked(m, GITHUB "-and-more", "***");
	assert_masked(m, GITHUB "-and", "***-and");
	mask_free(m);
}

static void a_value_that_begins_inside_a_shape_is_masked_to_its_end(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	assert_int_equal(mask_add(m, STR("J5-and-more"), NULL), ERR_OK);
	assert_masked(m, GITHUB "-and-more.", "***.");
	mask_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_of_the_table_is_masked_at_its_least_length),
		cmocka_unit_test(one_character_less_or_too_many_is_something_else),
		cmocka_unit_test(a_word_that_goes_on_before_it_is_no_token),
		cmocka_unit_test(what_ends_an_escape_is_no_word_before_it),
		cmocka_unit_test(several_tokens_are_several_replacements),
		cmocka_unit_test(a_shape_is_found_in_base64_at_every_shift),
		cmocka_unit_test(a_token_with_anything_before_it_is_found_in_base64),
		cmocka_unit_test(json_web_tokens_are_masked),
		cmocka_unit_test(private_keys_are_masked_to_their_end),
		cmocka_unit_test(a_private_key_without_an_end_is_masked_as_far_as_it_may_go),
		cmocka_unit_test(a_private_key_without_a_beginning_is_masked_from_where_it_may_have_begun),
		cmocka_unit_test(public_things_in_armour_are_no_keys),
		cmocka_unit_test(the_password_of_a_url_goes_and_its_user_stays),
		cmocka_unit_test(urls_without_a_password_stay),
		cmocka_unit_test(credentials_in_headers_go_and_schemes_stay),
		cmocka_unit_test(keys_with_a_telling_name_are_masked),
		cmocka_unit_test(ordinary_text_stays_as_it_is),
		cmocka_unit_test(random_base64_stays_as_it_is),
		cmocka_unit_test(values_commands_and_shapes_are_one_union),
		cmocka_unit_test(a_command_in_the_text_is_obeyed_in_all_of_it),
		cmocka_unit_test(a_shape_with_escape_sequences_inside_is_masked_with_them),
		cmocka_unit_test(a_shape_that_is_escaped_for_json_or_a_url_is_masked),
		cmocka_unit_test(a_text_that_names_a_thousand_values_is_masked_of_all),
		cmocka_unit_test(a_text_made_to_be_slow_to_mask_is_not),
		cmocka_unit_test(nothing_in_gives_nothing_out),
		cmocka_unit_test(a_text_that_was_masked_stays_as_it_is),
		cmocka_unit_test(a_value_and_a_shape_that_begin_at_the_same_place_do_not_hide_each_other),
		cmocka_unit_test(a_value_that_begins_inside_a_shape_is_masked_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
