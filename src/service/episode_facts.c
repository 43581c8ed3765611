/* episode_facts: see the header. */
#include "service/episode_facts.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/utf8.h"

#define META_VALUE_MAX 1000 /* bytes of JSON; of what is longer nothing is told */
#define META_ALL_MAX (48 * 1024)

struct str episode_commit(struct arena *a, struct str commit)
{
	char *low = arena_cstr(a, commit);

	for (char *p = low; *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p + 32);
	return (struct str){ low, commit.len };
}

/* "code_version.branch" */
static const struct json *find(const struct json *node, struct str path, struct arena *a)
{
	while (node && path.len > 0) {
		struct str name = { path.p, str_find(path, '.') };

		node = json_get(node, arena_cstr(a, name));
		path = str_from(path, name.len + 1);
	}
	return node;
}

static bool is_one_line(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return true;
}

/* A version may be written as a number. */
static struct str version_of(const struct json *node, struct arena *a)
{
	struct str text;
	AUTO_BUF out;

	buf_init(&out, SCHEMA_VERSION_MAX);
	if (json_kind(node) == JSON_NUMBER) {
		json_write(node, &out);
		return out.full ? STR("") : arena_str(a, buf_view(&out));
	}
	text = json_str(node);
	return text.len <= SCHEMA_VERSION_MAX && is_one_line(text) ? arena_str(a, text) : STR("");
}

static void put_field(struct json_out *j, struct str name, const struct json *value, struct arena *a)
{
	AUTO_BUF text;

	buf_init(&text, META_VALUE_MAX);
	json_write(value, &text);
	if (!text.full)
		json_put_json(j, arena_cstr(a, name), buf_view(&text));
}

static struct str fields_of(const struct fleet_config *fleet, const struct json *root, struct arena *a)
{
	struct json_out j;
	AUTO_BUF out;

	buf_init(&out, META_ALL_MAX);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	for (size_t i = 0; i < fleet->n_meta; i++) {
		const struct json *value = find(root, fleet->meta[i], a);

		if (value)
			put_field(&j, fleet->meta[i], value, a);
	}
	json_close_object(&j);
	return arena_str(a, buf_view(&out));
}

static void read_root(
	const struct fleet_config *fleet, const struct json *root, struct arena *a, struct episode *x)
{
	struct str commit = json_str(find(root, STR("code_version.commit"), a));

	if (x->code_commit.len == 0 && commit_check(commit, NULL) == ERR_OK)
		x->code_commit = episode_commit(a, commit);
	if (x->schema_version.len == 0)
		x->schema_version = version_of(json_get(root, "schema_version"), a);
	x->meta = fields_of(fleet, root, a);
}

void episode_facts(
	const struct fleet_config *fleet, bool has_meta, struct str meta, struct arena *a, struct episode *x)
{
	struct json_doc *doc = NULL;
	struct err ignored;

	x->meta = STR("{}");
	if (!has_meta || json_parse(meta, 0, &doc, &ignored) != ERR_OK)
		return; /* an episode is kept whatever its meta.json is */
	read_root(fleet, json_root(doc), a, x);
	json_free(doc);
}

void episode_facts_line(const struct episode *x, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_str(&j, "host", x->host);
	json_put_str(&j, "id", x->name);
	json_put_str(&j, "sha256", x->sha256);
	json_put_int(&j, "bytes", x->n_bytes);
	json_put_time(&j, "received_at", x->received_at);
	json_put_told(&j, "commit", x->code_commit);
	json_put_told(&j, "schema_version", x->schema_version);
	json_put_json(&j, "meta", x->meta.len > 0 ? x->meta : STR("{}"));
	json_close_object(&j);
}

static bool read_line(const struct json *root, struct arena *a, struct episode *x)
{
	struct str commit = json_str(json_get(root, "commit"));

	*x = (struct episode){ .host = arena_str(a, json_str(json_get(root, "host"))),
		.name = arena_str(a, json_str(json_get(root, "id"))),
		.sha256 = arena_str(a, json_str(json_get(root, "sha256"))),
		.code_commit = commit_check(commit, NULL) == ERR_OK ? episode_commit(a, commit) : STR(""),
		.schema_version = version_of(json_get(root, "schema_version"), a),
		.meta = STR("{}"),
		.n_entries = -1,
		.unpacked_bytes = -1,
		.here = true };
	json_int(json_get(root, "bytes"), &x->n_bytes);
	clock_parse(json_str(json_get(root, "received_at")), &x->received_at);
	if (json_kind(json_get(root, "meta")) == JSON_OBJECT) {
		AUTO_BUF meta;

		buf_init(&meta, META_ALL_MAX);
		json_write(json_get(root, "meta"), &meta);
		x->meta = meta.full ? STR("{}") : arena_str(a, buf_view(&meta));
	}
	return host_name_check(x->host, NULL) == ERR_OK && episode_id_check(x->name, NULL) == ERR_OK &&
	       x->sha256.len == 2 * SHA256_LEN && is_hex(x->sha256);
}

bool episode_facts_read(struct str line, struct arena *a, struct episode *ret)
{
	struct json_doc *doc = NULL;
	struct err ignored;
	bool good;

	if (json_parse(line, 0, &doc, &ignored) != ERR_OK)
		return false;
	good = read_line(json_root(doc), a, ret);
	json_free(doc);
	return good;
}
