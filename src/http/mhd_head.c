/*
 * mhd_head: from the library's request to the router's.
 *
 * Headers are asked for one by one, as they are needed: the library has them in a list, and most are never looked at.
 */
#include "http/mhd_head.h"

#include <microhttpd.h>
#include <string.h>

static struct str get_header(void *arg, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	if (MHD_lookup_connection_value_n(arg, MHD_HEADER_KIND, name, strlen(name), &value, &len) !=
			MHD_YES ||
		!value)
		return STR("");
	return (struct str){ value, len };
}

/* The library has headers in a list, and tells their order only by walking it. */
struct from_end {
	struct str name, value;
	size_t n, wanted; /* of that name; the one that is wanted, from the start */
};

static enum MHD_Result look_for_name(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_len,
	const char *value, size_t value_len)
{
	struct from_end *f = arg;

	(void)kind;
	if (str_eq_nocase((struct str){ key, key_len }, f->name) && f->n++ == f->wanted)
		f->value = (struct str){ value ? value : "", value ? value_len : 0 };
	return MHD_YES;
}

static bool get_from_end(void *arg, const char *name, size_t i, struct str *ret)
{
	struct from_end f = { .name = str_z(name), .wanted = SIZE_MAX };

	MHD_get_connection_values_n(arg, MHD_HEADER_KIND, look_for_name, &f);
	if (i >= f.n)
		return false;
	f.wanted = f.n - 1 - i;
	f.n = 0;
	MHD_get_connection_values_n(arg, MHD_HEADER_KIND, look_for_name, &f);
	*ret = f.value;
	return true;
}

struct framing {
	unsigned n_lengths, n_codings;
	struct str length, coding;
};

static enum MHD_Result look_for_framing(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_len,
	const char *value, size_t value_len)
{
	struct framing *f = arg;
	struct str name = { key, key_len };

	(void)kind;
	if (key_len == 14 && str_eq_nocase(name, STR("Content-Length"))) {
		f->n_lengths++;
		f->length = (struct str){ value, value_len };
	} else if (key_len == 17 && str_eq_nocase(name, STR("Transfer-Encoding"))) {
		f->n_codings++;
		f->coding = (struct str){ value, value_len };
	}
	return MHD_YES;
}

/*
 * The library is lenient about messages that say twice, or in two ways, where they end; a proxy in front may
 * have understood them differently, and that is how a request is smuggled past it (RFC 9112, 11.2).
 */
static void read_framing(struct MHD_Connection *mhd, struct request_head *head)
{
	struct framing f = { 0 };
	int64_t length = 0;

	MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, look_for_framing, &f);
	head->has_length = f.n_lengths > 0;
	head->chunked = f.n_codings > 0;
	head->bad_framing = f.n_lengths + f.n_codings > 1 ||
			    (head->has_length && (!str_to_int(f.length, &length) || length < 0)) ||
			    (head->chunked && !str_eq_nocase(f.coding, STR("chunked")));
	head->length = head->bad_framing ? 0 : (uint64_t)length;
}

void mhd_head_read(struct MHD_Connection *mhd, const char *method, struct str uri, struct request_head *ret)
{
	size_t at = str_find(uri, '?');

	*ret = (struct request_head){
		.method = str_z(method),
		.path = { uri.p, at },
		.query = str_from(uri, at + 1),
		.headers = { .get = get_header, .from_end = get_from_end, .arg = mhd },
	};
	read_framing(mhd, ret);
}
