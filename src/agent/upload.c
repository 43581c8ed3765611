/*
 * upload: each request is one exchange(), and its answer is read by one table of statuses.
 *
 * What is worth trying again is what the one-shot post keeps as well (deliver.c); but 401 and 403 will not be better
 * within this call.
 */
#include "agent/upload.h"

#include "base/json.h"
#include "base/zst.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (64 * 1024)
#define COMPRESS_MIN 200 /* a frame of less is no shorter */

void upload_init(struct upload *u, const struct peer *peer, int connect_ms, int total_ms)
{
	*u = (struct upload){
		.peer = peer, .http = http_client_new(), .connect_ms = connect_ms, .total_ms = total_ms
	};
}

void upload_done(struct upload *u)
{
	http_client_free(u->http);
	*u = (struct upload){ 0 };
}

static enum upload_verdict verdict_of(enum err_code code)
{
	if (code == ERR_UNAUTHORIZED || code == ERR_FORBIDDEN)
		return UPLOAD_KEEP;
	return err_may_retry(code) || err_http(code) >= 500 ? UPLOAD_AGAIN : UPLOAD_REFUSED;
}

/* 409: the details say whether the log is finished, the header or they from where to go on. */
static void read_conflict(const struct http_answer *a, struct upload_answer *ret)
{
	struct json_doc *doc = NULL;
	struct json *details;

	if (json_parse(buf_view(&a->body), JSON_REPAIR_TEXT, &doc, NULL) != ERR_OK)
		return;
	details = json_get(json_root(doc), "details");
	if (ret->offset < 0)
		json_int(json_get(details, "offset"), &ret->offset);
	if (str_eq(json_str(json_get(details, "state")), STR("sealed")))
		ret->verdict = UPLOAD_SEALED;
	else if (ret->offset >= 0)
		ret->verdict = UPLOAD_MOVED;
	json_free(doc);
}

static void read_answer(const struct upload *u, const struct http_answer *a, struct upload_answer *ret)
{
	ret->answered = true;
	ret->offset = a->upload_offset;
	ret->retry_after_s = a->retry_after_s;
	if (a->status == 200 || a->status == 201 || a->status == 204) {
		ret->verdict = UPLOAD_OK;
		return;
	}
	ret->verdict = verdict_of(peer_error(u->peer, a, &ret->why));
	if (a->status == 409)
		read_conflict(a, ret);
}

/* ret_body: of the answer, untouched when there was none. */
static void exchange(struct upload *u, struct http_request *r, const char *path, struct upload_answer *ret,
	struct buf *ret_body)
{
	struct http_answer answer;
	AUTO_BUF url;

	buf_init(&url, 4096);
	buf_fmt(&url, "%s%s", buf_cstr(&u->peer->url), path);
	r->url = buf_cstr(&url);
	r->bearer = peer_token(u->peer);
	r->connect_ms = u->connect_ms;
	r->total_ms = u->total_ms;
	r->max_answer = ANSWER_MAX;

	*ret = (struct upload_answer){ .verdict = UPLOAD_AGAIN, .offset = -1 };
	if (http_send(u->http, r, &answer, &ret->why) != ERR_OK)
		return;
	read_answer(u, &answer, ret);
	*ret_body = answer.body;
}

/* Whoever answers 200 with something else is not Sluice: a page to sign in at, perhaps. */
static void read_step(struct upload *u, struct str body, struct upload_answer *ret)
{
	struct json_doc *doc = NULL;
	struct json *root = NULL;

	if (json_parse(body, JSON_REPAIR_TEXT, &doc, NULL) == ERR_OK)
		root = json_root(doc);
	if (json_int(json_get(root, "step_id"), &u->step_id) && u->step_id > 0 &&
		json_int(json_get(root, "offset"), &ret->offset) && ret->offset >= 0) {
		if (str_eq(json_str(json_get(root, "state")), STR("sealed")))
			ret->verdict = UPLOAD_SEALED;
	} else {
		u->step_id = 0;
		ret->verdict = UPLOAD_AGAIN;
		err_set(&ret->why, ERR_NETWORK,
			"%s did not answer as a Sluice server would; is the URL right?",
			buf_cstr(&u->peer->shown));
	}
	json_free(doc);
}

void upload_open(struct upload *u, struct str json, struct upload_answer *ret)
{
	struct http_request r = { .method = "POST", .content_type = "application/json", .body = json };
	AUTO_BUF body;

	buf_init(&body, ANSWER_MAX);
	exchange(u, &r, "/internal/steps", ret, &body);
	if (ret->verdict == UPLOAD_OK)
		read_step(u, buf_view(&body), ret);
	if (ret->verdict == UPLOAD_SEALED)
		err_set(&ret->why, ERR_CONFLICT, "the server has a finished log of this step already");
}

void upload_append(struct upload *u, int64_t offset, struct str bytes, struct upload_answer *ret)
{
	char path[80], offset_text[30];
	struct http_header headers[2] = { { "Upload-Offset", offset_text }, { "Content-Encoding", "zstd" } };
	struct http_request r = { .method = "PATCH",
		.content_type = "application/octet-stream",
		.body = bytes,
		.headers = headers,
		.n_headers = 1 };
	AUTO_BUF frame, body;

	buf_init(&frame, 2 * UPLOAD_CHUNK);
	buf_init(&body, ANSWER_MAX);
	snprintf(path, sizeof path, "/internal/steps/%" PRId64 "/log", u->step_id);
	snprintf(offset_text, sizeof offset_text, "%" PRId64, offset);
	if (bytes.len >= COMPRESS_MIN && zst_compress(bytes, 1, &frame, NULL) == ERR_OK) {
		r.body = buf_view(&frame);
		r.n_headers = 2;
	}
	exchange(u, &r, path, ret, &body);
	if (ret->verdict == UPLOAD_OK && ret->offset < 0) {
		ret->verdict = UPLOAD_AGAIN;
		err_set(&ret->why, ERR_NETWORK, "%s did not say how far it is; is the URL right?",
			buf_cstr(&u->peer->shown));
	}
}

void upload_finish(struct upload *u, struct str json, struct upload_answer *ret)
{
	struct http_request r = { .method = "POST", .content_type = "application/json", .body = json };
	char path[80];
	AUTO_BUF body;

	buf_init(&body, ANSWER_MAX);
	snprintf(path, sizeof path, "/internal/steps/%" PRId64 "/finish", u->step_id);
	exchange(u, &r, path, ret, &body);
}
