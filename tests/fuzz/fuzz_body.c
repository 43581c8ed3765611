/*
 * body: a request's body, from its pieces to the checked members, for every operation of the document that
 * takes one. Whoever gets past the checks gets 204 here; everybody else gets an error that is well-formed
 * JSON and names what is wrong. The first byte says which operation, the second how large the pieces are.
 */
#include "base/json.h"
#include "http/router.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OPS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct app app;
static struct op ops[OPS_MAX];
static struct op_table table = { .ops = ops };

static enum err_code accept_all(struct call *c, struct err *e)
{
	(void)e;
	reply_empty(c, 204);
	return ERR_OK;
}

/* As in the document, but open to everybody and to every repo: no store is behind it. */
static void set_up(void)
{
	struct config *cfg = config_new();
	enum err_code code = router_init(&router_api, NULL);

	assert(code == ERR_OK);
	(void)code;
	cfg->body_bytes = 64 * 1024 * 1024;
	cfg->post_bytes = 65536;
	app = (struct app){ .config = config_box_new(cfg), .clock = &clock_system };
	for (size_t i = 0; i < api_n_ops && table.n < OPS_MAX; i++) {
		struct op *op = &ops[table.n];

		if (!api_ops[i].has_body)
			continue;
		*op = api_ops[i];
		op->handler = accept_all;
		op->auth = OP_AUTH_NONE;
		op->rate = OP_RATE_NONE;
		op->scope = 0;
		op->roles = 0;
		op->page = false; /* forms too: with errors that can be read */
		op->json_rpc = false;
		op->repo_field = NULL;
		table.n++;
	}
	assert(table.n > 0);
}

static struct str header(void *arg, const char *name)
{
	const struct op *op = arg;

	if (strcasecmp(name, "Content-Type") != 0)
		return STR("");
	return op->form_body  ? STR("application/x-www-form-urlencoded")
	       : op->raw_body ? STR("application/octet-stream")
			      : STR("application/json");
}

static void never_ready(void *arg, struct call *c)
{
	(void)arg;
	(void)c;
	abort(); /* no handler here defers */
}

static void assert_an_answer(const struct call *c)
{
	struct json_doc *doc = NULL;
	enum err_code code;

	assert(router_replied(c));
	if (c->status == 204) {
		assert(c->reply.len == 0);
		return;
	}
	assert(c->status == 400 || c->status == 413);
	code = json_parse(buf_view(&c->reply), 0, &doc, NULL);
	assert(code == ERR_OK && json_str(json_get(json_root(doc), "message")).len > 0);
	(void)code;
	json_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_head head = { .method = STR("POST"), .headers = { .get = header }, .chunked = true };
	struct str body = { (const char *)data + 2, size - 2 };
	struct call *c;

	if (table.n == 0)
		set_up();
	if (size < 2)
		return 0;
	head.method = str_z(ops[data[0] % table.n].method);
	head.path = str_z(ops[data[0] % table.n].path);
	head.headers.arg = &ops[data[0] % table.n];
	c = router_begin(&table, &app, &head, &(struct call_events){ .ready = never_ready });
	while (body.len > 0 && !router_replied(c)) {
		size_t piece = 1 + 16 * (size_t)data[1];

		router_body(c, (struct str){ body.p, piece < body.len ? piece : body.len });
		body = str_from(body, piece);
	}
	if (!router_replied(c))
		router_end(c);
	assert_an_answer(c);
	router_free(c);
	return 0;
}
