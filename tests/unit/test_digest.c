#include "tests/test.h"

#include "base/digest.h"

#include <string.h>

/* FIPS 180-2, appendix B, and the empty text. */
static void known_texts_have_their_known_digests(void **state)
{
	static char million[1000000];
	const struct {
		struct str text;
		const char *hex;
	} rows[] = {
		{ STR(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ { NULL, 0 }, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ { million, sizeof million },
			"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};
	(void)state;

	memset(million, 'a', sizeof million);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sha256 d = sha256_of(rows[i].text);
		AUTO_BUF hex;

		buf_init(&hex, 64);
		hex_encode(d.b, sizeof d.b, &hex);
		assert_string_equal(buf_cstr(&hex), rows[i].hex);
	}
}

static void digests_are_equal_only_in_every_bit(void **state)
{
	struct sha256 a = sha256_of(STR("a")), b = a;
	(void)state;

	assert_true(sha256_equal(&a, &b));
	for (int i = 0; i < SHA256_LEN * 8; i++) {
		b = a;
		b.b[i / 8] = (uint8_t)(b.b[i / 8] ^ 1U << i % 8);
		assert_false(sha256_equal(&a, &b));
	}
}

static size_t n_compared; /* bytes, by libcrypto in constant time */

int __real_CRYPTO_memcmp(const void *a, const void *b, size_t n);
int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t n);

int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t n)
{
	n_compared += n;
	return __real_CRYPTO_memcmp(a, b, n);
}

static void all_bytes_are_compared_in_constant_time_wherever_the_first_difference_is(void **state)
{
	struct sha256 a = sha256_of(STR("a")), b;
	(void)state;

	for (size_t i = 0; i <= SHA256_LEN; i++) {
		b = a;
		if (i < SHA256_LEN)
			b.b[i] ^= 1;
		n_compared = 0;
		assert_int_equal(sha256_equal(&a, &b), i == SHA256_LEN);
		assert_int_equal(n_compared, SHA256_LEN);
	}
}

static void random_bytes_fill_all_and_differ(void **state)
{
	static unsigned char a[5000], b[5000];
	size_t zeros = 0;
	(void)state;

	random_bytes(a, 0);
	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		zeros += a[i] == 0;
	assert_in_range(zeros, 0, 100); /* about 20 are to be expected */
}

/* RFC 4648 section 10, and the two letters in which the alphabets differ. */
static void base64_is_as_in_the_rfc(void **state)
{
	const struct {
		struct str bytes;
		const char *padded, *url;
	} rows[] = {
		{ STR(""), "", "" },
		{ STR("f"), "Zg==", "Zg" },
		{ STR("fo"), "Zm8=", "Zm8" },
		{ STR("foo"), "Zm9v", "Zm9v" },
		{ STR("foob"), "Zm9vYg==", "Zm9vYg" },
		{ STR("fooba"), "Zm9vYmE=", "Zm9vYmE" },
		{ STR("foobar"), "Zm9vYmFy", "Zm9vYmFy" },
		{ STR("\xFB\xFF\xFE"), "+//+", "-__-" },
		{ STR("\0\0"), "AAA=", "AAA" },
	};
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_reset(&b);
		base64_encode(rows[i].bytes, &b);
		assert_string_equal(buf_cstr(&b), rows[i].padded);
		buf_reset(&b);
		base64url_encode(rows[i].bytes, &b);
		assert_string_equal(buf_cstr(&b), rows[i].url);
	}
}

static void base64url_is_read_strictly(void **state)
{
	static const char *const wrong[] = { "A", "Zg==", "Zh", "Zm9=", "Zm 9", "Zm+v", "Zm/v", "Zm9v\n" };
	char bytes[60];
	AUTO_BUF text, back;
	(void)state;

	buf_init(&text, 200);
	buf_init(&back, 200);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		random_bytes(bytes, n);
		buf_reset(&text);
		buf_reset(&back);
		base64url_encode((struct str){ bytes, n }, &text);
		assert_true(base64url_decode(buf_view(&text), &back));
		assert_true(str_eq(buf_view(&back), (struct str){ bytes, n }));
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(base64url_decode(str_z(wrong[i]), &back));
	assert_false(base64url_decode((struct str){ "Zm\0v", 4 }, &back));
}

static void hex_is_written_lower_and_known_in_both_cases(void **state)
{
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 100);
	hex_encode("\x00\x1f\xAB\xff", 4, &b);
	assert_string_equal(buf_cstr(&b), "001fabff");
	assert_true(is_hex(STR("0123456789abcdefABCDEF")));
	assert_false(is_hex(STR("")));
	assert_false(is_hex(STR("12g")));
	assert_false(is_hex(STR("@")));
	assert_false(is_hex(STR("`")));
	assert_false(is_hex(STR("a\xE1")));
	assert_false(is_hex(STR("\x10")));
}

/* RFC 4231, test cases 1, 2 and 6 (a key longer than a block), and one without key and text. */
static void known_texts_have_their_known_hmac(void **state)
{
	static char long_key[131];
	const struct {
		struct str key, text;
		const char *hex;
	} rows[] = {
		{ { NULL, 0 }, { NULL, 0 },
			"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
		{ STR("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
			STR("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ STR("Jefe"), STR("what do ya want for nothing?"),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ { long_key, sizeof long_key },
			STR("Test Using Larger Than Block-Size Key - Hash Key First"),
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};
	(void)state;

	memset(long_key, 0xaa, sizeof long_key);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sha256 d = hmac_sha256(rows[i].key, rows[i].text);
		AUTO_BUF hex;

		buf_init(&hex, 64);
		hex_encode(d.b, sizeof d.b, &hex);
		assert_string_equal(buf_cstr(&hex), rows[i].hex);
	}
}

static void hex_is_read_in_both_cases_and_nothing_else(void **state)
{
	static const char *const wrong[] = { "", "00", "00112", "00112g", "0011223344", " 01122", "@01122" };
	unsigned char b[3] = { 0 };
	(void)state;

	assert_true(hex_decode(STR("00aBFf"), b, sizeof b));
	assert_memory_equal(b, "\x00\xab\xff", 3);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(hex_decode(str_z(wrong[i]), b, sizeof b));
}

static void a_wiped_secret_is_gone(void **state)
{
	char secret[16] = "correct horse";
	(void)state;

	secret_wipe(secret, sizeof secret);
	for (size_t i = 0; i < sizeof secret; i++)
		assert_int_equal(secret[i], 0);
	secret_wipe(NULL, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_have_their_known_digests),
		cmocka_unit_test(digests_are_equal_only_in_every_bit),
		cmocka_unit_test(all_bytes_are_compared_in_constant_time_wherever_the_first_difference_is),
		cmocka_unit_test(random_bytes_fill_all_and_differ),
		cmocka_unit_test(base64_is_as_in_the_rfc),
		cmocka_unit_test(base64url_is_read_strictly),
		cmocka_unit_test(hex_is_written_lower_and_known_in_both_cases),
		cmocka_unit_test(known_texts_have_their_known_hmac),
		cmocka_unit_test(hex_is_read_in_both_cases_and_nothing_else),
		cmocka_unit_test(a_wiped_secret_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
