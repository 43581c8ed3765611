/* form: what browsers send, checked as if it had been JSON. */
#include "tests/test.h"

#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>

static const struct field item = { .name = "", .types = FIELD_STRING, .required = true, .max_len = 20 };
static const struct field fields[] = {
	{ .name = "name", .types = FIELD_STRING, .required = true, .max_len = 20 },
	{ .name = "days", .types = FIELD_INTEGER, .min = 1, .max = 30, .max_len = -1 },
	{ .name = "tick", .types = FIELD_BOOLEAN, .max_len = -1 },
	{ .name = "scope", .types = FIELD_ARRAY, .max_len = 3, .items = &item },
};

static enum err_code echo(struct call *c, struct err *e)
{
	struct json *list = json_get(c->body, "scope");
	int64_t days = 0;
	(void)e;

	c->status = 200;
	c->content_type = "text/plain";
	json_int(json_get(c->body, "days"), &days);
	buf_fmt(&c->reply, "%.*s|%lld|%d|", STR_FMT(json_str(json_get(c->body, "name"))), (long long)days,
		json_is_true(json_get(c->body, "tick")));
	for (size_t i = 0; i < json_len(list); i++)
		buf_fmt(&c->reply, "%.*s,", STR_FMT(json_str(json_at(list, i))));
	return ERR_OK;
}

static const struct op ops[] = {
	{ .id = "postForm",
		.method = "POST",
		.path = "/form",
		.handler = echo,
		.fields = fields,
		.n_fields = sizeof fields / sizeof *fields,
		.has_body = true,
		.body_required = true,
		.form_body = true,
		.body_limit = 8192 },
};
static const struct op_table table = { .ops = ops, .n = 1 };

static struct answer post(const char *body)
{
	return ask((struct ask){ .method = "POST",
		.target = "/form",
		.type = "application/x-www-form-urlencoded",
		.body = body,
		.table = &table });
}

static void fields_have_the_types_of_the_document(void **state)
{
	static const struct {
		const char *form, *want;
	} cases[] = {
		{ "name=ann", "ann|0|0|" },
		{ "name=a+b%26c%3D%C3%A9&days=7&tick=on&scope=x&scope=y", "a b&c=\xC3\xA9|7|1|x,y," },
		{ "scope=x&name=ann&scope=y&", "ann|0|0|x,y," },
		{ "name=&days=", "|0|0|" }, /* a number that was left empty was not given */
		{ "name=a=b", "a=b|0|0|" },
		{ "name", "|0|0|" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = post(cases[i].form);

		if (r.status != 200)
			fail_msg("%s: %s", cases[i].form, r.body);
		assert_string_equal(r.body, cases[i].want);
	}
}

static void what_is_wrong_with_a_form_is_told_by_field(void **state)
{
	static const struct {
		const char *form, *field;
	} cases[] = {
		{ "days=7", "name" },
		{ "name=a&days=31", "days" },
		{ "name=a&days=x", "days" },
		{ "name=a&name=b", "name" },
		{ "name=a&nosuch=1", "nosuch" },
		{ "name=a&scope=1&scope=2&scope=3&scope=4", "scope" },
		{ "name=aaaaaaaaaaaaaaaaaaaaaaaaa", "name" },
		{ "name=a&tick=perhaps", "tick" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = post(cases[i].form);

		assert_wrong_field(&r, cases[i].field);
	}
}

static void what_no_browser_sends_is_refused(void **state)
{
	static const char *const forms[] = { "name=%", "name=%4", "name=%zz", "name=%00", "name=%FF", "%FF=a",
		"\xFF=a", "" };
	char many[4096] = "name=a";
	(void)state;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		AUTO_ANSWER r = post(forms[i]);

		assert_error(&r, 400, "validation_error");
	}
	for (int i = 0; i < 300; i++)
		strcat(many, "&scope=x");
	AUTO_ANSWER r = post(many);
	assert_error(&r, 400, "validation_error");
}

static void another_type_of_body_is_415(void **state)
{
	static const char *const types[] = { "application/json", "multipart/form-data; boundary=x",
		"text/plain", "" };
	(void)state;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "POST",
			.target = "/form",
			.type = types[i],
			.body = "name=ann",
			.table = &table });

		assert_error(&r, 415, "unsupported_media_type");
	}
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/form",
		.type = "application/x-www-form-urlencoded; charset=UTF-8",
		.body = "name=ann",
		.table = &table });
	assert_int_equal(r.status, 200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_have_the_types_of_the_document),
		cmocka_unit_test(what_is_wrong_with_a_form_is_told_by_field),
		cmocka_unit_test(what_no_browser_sends_is_refused),
		cmocka_unit_test(another_type_of_body_is_415),
	};

	return cmocka_run_group_tests(tests, router_up, router_down);
}
