/* step_server: see the header. What it finds wrong with a request is an abort: cmocka's assertions are not for threads. */
#include "tests/unit/help/step_server.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/zst.h"
#include "tests/unit/help/little_server.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 20
#define TROUBLES_MAX 64
#define CHUNK_MAX (1024 * 1024)
#define TEXT_MAX (256 * 1024 * 1024)

struct fake_step {
	struct buf key, open, text, held, finish;
};

struct step_server {
	struct little_server *server;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t came;
	struct fake_step steps[STEPS_MAX];
	size_t n_steps, n_requests, n_beats;
	enum trouble troubles[TROUBLES_MAX];
	size_t n_troubles, trouble_at;
	enum trouble always;
	unsigned in;
	uint64_t seed;
};

static void want(bool holds, const char *what, struct str request)
{
	if (holds)
		return;
	fprintf(stderr, "step_server: %s:\n%.*s\n", what, (int)(request.len < 600 ? request.len : 600),
		request.p);
	abort();
}

static char *answer_of(int status, int64_t offset, const char *body)
{
	AUTO_BUF text;

	buf_init(&text, 10000);
	buf_fmt(&text, "HTTP/1.1 %d Status\r\nConnection: close\r\n", status);
	if (offset >= 0)
		buf_fmt(&text, "Upload-Offset: %" PRId64 "\r\n", offset);
	if (status == 503 || status == 507)
		buf_z(&text, "Retry-After: 0\r\n");
	if (status != 204)
		buf_fmt(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	buf_fmt(&text, "\r\n%s", body);
	return buf_take(&text);
}

static char *conflict(int64_t offset, bool sealed)
{
	AUTO_BUF body;

	buf_init(&body, 1000);
	buf_fmt(&body,
		"{\"code\":\"conflict\",\"message\":\"not there\",\"details\":{\"offset\":%" PRId64 "%s}}",
		offset, sealed ? ",\"state\":\"sealed\"" : "");
	return answer_of(409, offset, buf_cstr(&body));
}

/* The value of a header, empty when it is not there. */
static struct str header(struct str request, const char *name)
{
	AUTO_BUF key;
	size_t at;

	buf_init(&key, 200);
	buf_fmt(&key, "\r\n%s: ", name);
	request.len = str_find_str(request, STR("\r\n\r\n"));
	at = str_find_str(request, buf_view(&key));
	if (at == request.len)
		return STR("");
	request = str_from(request, at + key.len);
	return (struct str){ request.p, str_find(request, '\r') };
}

static struct str body_of(struct str request)
{
	return str_from(request, str_find_str(request, STR("\r\n\r\n")) + 4);
}

static struct fake_step *step_of(struct step_server *s, struct str json, bool *ret_new)
{
	struct json_doc *doc = NULL;
	struct fake_step *step = NULL;
	int64_t index = -1;
	AUTO_BUF key;

	buf_init(&key, 2000);
	want(json_parse(json, 0, &doc, NULL) == ERR_OK, "no JSON", json);
	want(json_kind(json_get(json_root(doc), "log_tail")) == JSON_NONE &&
			json_kind(json_get(json_root(doc), "conclusion")) == JSON_NONE,
		"fields of a post", json);
	json_int(json_get(json_root(doc), "step_index"), &index);
	if (index >= 0)
		buf_fmt(&key, "%" PRId64, index);
	else
		buf_str(&key, json_str(json_get(json_root(doc), "step_name")));
	json_free(doc);

	*ret_new = false;
	for (size_t i = 0; i < s->n_steps && !step; i++)
		if (str_eq(buf_view(&s->steps[i].key), buf_view(&key)))
			step = &s->steps[i];
	if (!step) {
		want(s->n_steps < STEPS_MAX, "too many steps", json);
		step = &s->steps[s->n_steps++];
		buf_init(&step->key, 2000);
		buf_init(&step->open, CHUNK_MAX);
		buf_init(&step->text, TEXT_MAX);
		buf_init(&step->held, TEXT_MAX);
		buf_init(&step->finish, 10000);
		buf_str(&step->key, buf_view(&key));
		buf_str(&step->open, json);
		*ret_new = true;
	}
	return step;
}

static char *open_step(struct step_server *s, struct str request)
{
	bool is_new;
	struct fake_step *step = step_of(s, body_of(request), &is_new);
	AUTO_BUF body;

	buf_init(&body, 1000);
	buf_fmt(&body, "{\"step_id\":%td,\"run_id\":7,\"offset\":%zu,\"state\":\"%s\"}", step - s->steps + 1,
		step->text.len, step->finish.len > 0 ? "sealed" : "open");
	return answer_of(is_new ? 201 : 200, (int64_t)step->text.len, buf_cstr(&body));
}

/* Whole lines become durable, the rest is held back. */
static void settle(struct fake_step *step)
{
	const char *last = step->held.len > 0 ? memrchr(step->held.p, '\n', step->held.len) : NULL;
	size_t n = last ? (size_t)(last - step->held.p) + 1 : 0;

	buf_add(&step->text, step->held.p, n);
	buf_drop(&step->held, n);
}

static char *append(struct step_server *s, struct fake_step *step, struct str request)
{
	size_t durable = step->text.len, taken = durable + step->held.len;
	struct str encoding = header(request, "Content-Encoding");
	int64_t offset = -1;
	AUTO_BUF bytes;

	buf_init(&bytes, CHUNK_MAX);
	want(str_to_int(header(request, "Upload-Offset"), &offset), "no offset", request);
	want(str_eq(header(request, "Content-Type"), STR("application/octet-stream")), "content type",
		request);
	if (str_eq(encoding, STR("zstd")))
		want(zst_decompress(body_of(request), CHUNK_MAX, &bytes, NULL) == ERR_OK, "frame", request);
	else
		buf_str(&bytes, body_of(request));
	if (step->finish.len > 0)
		return conflict((int64_t)durable, true);
	if (offset < (int64_t)durable || offset > (int64_t)taken)
		return conflict((int64_t)durable, false);
	s->n_beats += bytes.len == 0;
	buf_cut(&step->held, (size_t)offset - durable);
	buf_str(&step->held, buf_view(&bytes));
	settle(step);
	return answer_of(204, (int64_t)step->text.len, "");
}

static char *finish(struct fake_step *step, struct str request)
{
	struct json_doc *doc = NULL;
	int64_t total = -1;

	want(json_parse(body_of(request), 0, &doc, NULL) == ERR_OK, "no JSON", request);
	json_int(json_get(json_root(doc), "bytes"), &total);
	json_free(doc);
	if (step->finish.len == 0 && (int64_t)(step->text.len + step->held.len) < total)
		return conflict((int64_t)step->text.len, false);
	buf_str(&step->text, buf_view(&step->held));
	buf_reset(&step->held);
	buf_reset(&step->finish);
	buf_str(&step->finish, body_of(request));
	return answer_of(204, (int64_t)step->text.len, "");
}

static char *route(struct step_server *s, struct str request)
{
	static const struct str opening = { "POST /internal/steps HTTP", 25 };
	struct str path = str_from(request, str_find(request, ' ') + 1);
	int64_t id = 0;

	want(str_eq(header(request, "Authorization"), STR("Bearer slc_token")), "token", request);
	if (str_starts(request, opening))
		return open_step(s, request);
	path = str_from(path, STR("/internal/steps/").len);
	str_to_int((struct str){ path.p, str_find(path, '/') }, &id);
	want(id >= 1 && id <= (int64_t)s->n_steps, "which step", request);
	path = str_from(path, str_find(path, '/'));
	if (str_starts(request, STR("PATCH ")) && str_starts(path, STR("/log ")))
		return append(s, &s->steps[id - 1], request);
	want(str_starts(request, STR("POST ")) && str_starts(path, STR("/finish ")), "which route", request);
	return finish(&s->steps[id - 1], request);
}

static enum trouble next_trouble(struct step_server *s)
{
	static const enum trouble passing[] = { ANSWER_LOST, REQUEST_LOST, BUSY, DISK_FULL, RESTARTED };

	if (s->trouble_at < s->n_troubles)
		return s->troubles[s->trouble_at++];
	if (s->in == 0)
		return s->always;
	s->seed = s->seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
	return s->seed >> 33 & 1 && (s->seed >> 34) % s->in == 0 ? passing[(s->seed >> 50) % 5] : NO_TROUBLE;
}

static enum little_kind do_it(struct step_server *s, struct str request, char **ret_text)
{
	enum trouble trouble = next_trouble(s);

	switch (trouble) {
	case REQUEST_LOST:
		return LITTLE_BYTES;
	case HANGING:
		return LITTLE_SILENCE;
	case BUSY:
		*ret_text = answer_of(503, -1, "{\"code\":\"unavailable\",\"message\":\"busy\"}");
		return LITTLE_BYTES;
	case DISK_FULL:
		*ret_text = answer_of(507, -1, "{\"code\":\"insufficient_storage\",\"message\":\"full\"}");
		return LITTLE_BYTES;
	case FORBIDDEN:
		*ret_text = answer_of(403, -1, "{\"code\":\"forbidden\",\"message\":\"not you\"}");
		return LITTLE_BYTES;
	case REMOVED:
		*ret_text = answer_of(404, -1, "{\"code\":\"not_found\",\"message\":\"no such step\"}");
		return LITTLE_BYTES;
	case RESTARTED:
		for (size_t i = 0; i < s->n_steps; i++)
			buf_reset(&s->steps[i].held);
		break;
	case ANSWER_LOST:
	case NO_TROUBLE:
		break;
	}
	*ret_text = route(s, request);
	if (trouble == ANSWER_LOST) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return LITTLE_BYTES;
}

static enum little_kind answer(void *arg, struct str request, char **ret_text)
{
	struct step_server *s = arg;
	enum little_kind kind;

	pthread_mutex_lock(&s->lock);
	kind = do_it(s, request, ret_text);
	s->n_requests++;
	pthread_cond_broadcast(&s->came);
	pthread_mutex_unlock(&s->lock);
	return kind;
}

struct step_server *step_server_new(void)
{
	struct step_server *s = mem_alloc(sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->came, NULL);
	s->server = little_server_new();
	little_server_ask(s->server, answer, s);
	return s;
}

void step_server_free(struct step_server *s)
{
	little_server_free(s->server);
	for (size_t i = 0; i < s->n_steps; i++) {
		buf_done(&s->steps[i].key);
		buf_done(&s->steps[i].open);
		buf_done(&s->steps[i].text);
		buf_done(&s->steps[i].held);
		buf_done(&s->steps[i].finish);
	}
	pthread_cond_destroy(&s->came);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const char *step_server_url(const struct step_server *s)
{
	return little_server_url(s->server);
}

void step_server_trouble(struct step_server *s, size_t n, enum trouble trouble)
{
	pthread_mutex_lock(&s->lock);
	if (s->trouble_at + n >= TROUBLES_MAX)
		abort();
	while (s->n_troubles <= s->trouble_at + n)
		s->troubles[s->n_troubles++] = NO_TROUBLE;
	s->troubles[s->trouble_at + n] = trouble;
	pthread_mutex_unlock(&s->lock);
}

void step_server_all(struct step_server *s, enum trouble trouble)
{
	pthread_mutex_lock(&s->lock);
	s->always = trouble;
	s->in = 0;
	pthread_mutex_unlock(&s->lock);
}

void step_server_random(struct step_server *s, unsigned in, uint64_t seed)
{
	pthread_mutex_lock(&s->lock);
	s->in = in;
	s->seed = seed;
	pthread_mutex_unlock(&s->lock);
}

void step_server_wait(struct step_server *s, size_t n)
{
	pthread_mutex_lock(&s->lock);
	while (s->n_requests < n)
		pthread_cond_wait(&s->came, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static size_t locked(struct step_server *s, const size_t *what)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = *what;
	pthread_mutex_unlock(&s->lock);
	return n;
}

size_t step_server_n_requests(struct step_server *s)
{
	return locked(s, &s->n_requests);
}

size_t step_server_n_beats(struct step_server *s)
{
	return locked(s, &s->n_beats);
}

size_t step_server_n_steps(struct step_server *s)
{
	return locked(s, &s->n_steps);
}

static struct fake_step *nth(struct step_server *s, size_t i)
{
	want(i < step_server_n_steps(s), "a test asks for a step that nobody opened", STR(""));
	return &s->steps[i];
}

struct str step_server_text(struct step_server *s, size_t i)
{
	return buf_view(&nth(s, i)->text);
}

const char *step_server_open(struct step_server *s, size_t i)
{
	return buf_cstr(&nth(s, i)->open);
}

const char *step_server_finish(struct step_server *s, size_t i)
{
	return buf_cstr(&nth(s, i)->finish);
}
