#include "tests/test.h"

#include "base/ip.h"

#include <stdio.h>
#include <string.h>

static void is_read_as(const char *text, const char *want)
{
	char out[IP_TEXT_LEN];
	struct ip ip;

	if (!ip_parse(str_z(text), &ip))
		fail_msg("%s is not read", text);
	if (!str_eq(ip_text(&ip, out), str_z(want)))
		fail_msg("%s is read as %s", text, out);
}

static void addresses_are_read_with_brackets_and_ports(void **state)
{
	(void)state;

	is_read_as("192.0.2.1", "192.0.2.1");
	is_read_as(" 192.0.2.1 ", "192.0.2.1");
	is_read_as("192.0.2.1:4711", "192.0.2.1");
	is_read_as("2001:db8::1", "2001:db8::1");
	is_read_as("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
	is_read_as("[2001:db8::1]", "2001:db8::1");
	is_read_as("[2001:db8::1]:443", "2001:db8::1");
	is_read_as("::ffff:192.0.2.1", "192.0.2.1"); /* the same host, whichever way it came */
}

static void what_is_no_address_is_not_read(void **state)
{
	static const char *const wrong[] = { "", "unknown", "_hidden", "192.0.2", "192.0.2.256",
		"192.0.2.1/8", "::g", "[::1", "[::1]x", "1.2.3.4.5", "localhost", ":80",
		"11111111111111111111111111111111111111111111111111111111111111111111111111111111" };
	struct ip ip;
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (ip_parse(str_z(wrong[i]), &ip))
			fail_msg("%s is read", wrong[i]);
}

static bool in(const char *address, const char *net)
{
	struct ip_net n;
	struct ip ip;

	assert_true(ip_net_parse(str_z(net), &n));
	assert_true(ip_parse(str_z(address), &ip));
	return ip_in(&ip, &n);
}

static void a_net_holds_what_begins_like_it(void **state)
{
	(void)state;

	assert_true(in("10.1.2.3", "10.0.0.0/8"));
	assert_false(in("11.1.2.3", "10.0.0.0/8"));
	assert_true(in("192.0.2.129", "192.0.2.128/25"));
	assert_false(in("192.0.2.127", "192.0.2.128/25"));
	assert_true(in("192.0.2.1", "192.0.2.1"));
	assert_false(in("192.0.2.2", "192.0.2.1"));
	assert_true(in("::ffff:10.1.2.3", "10.0.0.0/8"));
	assert_true(in("2001:db8:1::9", "2001:db8::/32"));
	assert_false(in("2001:db9::9", "2001:db8::/32"));
	assert_true(in("1.2.3.4", "0.0.0.0/0"));
	assert_false(in("::1", "0.0.0.0/0"));
	assert_true(in("::1", "::/0"));
}

static void a_net_with_bits_beyond_its_length_is_a_mistake(void **state)
{
	static const char *const wrong[] = { "10.0.0.1/8", "192.0.2.0/33", "2001:db8::1/64", "::/129",
		"10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "", "proxy" };
	struct ip_net n;
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (ip_net_parse(str_z(wrong[i]), &n))
			fail_msg("%s is read", wrong[i]);
}

static void limits_count_a_v6_host_by_its_64_bits(void **state)
{
	char a[IP_TEXT_LEN], b[IP_TEXT_LEN];
	struct ip x, y;
	(void)state;

	assert_true(ip_parse(STR("2001:db8:0:1:aaaa::1"), &x));
	assert_true(ip_parse(STR("2001:db8:0:1::2"), &y));
	assert_true(str_eq(ip_limit_key(&x, a), STR("2001:db8:0:1::/64")));
	assert_true(str_eq(ip_limit_key(&y, b), str_z(a)));
	assert_true(ip_parse(STR("2001:db8:0:2::1"), &y));
	assert_false(str_eq(ip_limit_key(&y, b), str_z(a)));
	assert_true(ip_parse(STR("192.0.2.1"), &x));
	assert_true(str_eq(ip_limit_key(&x, a), STR("192.0.2.1")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_with_brackets_and_ports),
		cmocka_unit_test(what_is_no_address_is_not_read),
		cmocka_unit_test(a_net_holds_what_begins_like_it),
		cmocka_unit_test(a_net_with_bits_beyond_its_length_is_a_mistake),
		cmocka_unit_test(limits_count_a_v6_host_by_its_64_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
