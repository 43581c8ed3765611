/* api_meta: the server about itself: alive, ready, its numbers, its contract. */
#include "api_table.h"

#include "base/metric.h"
#include "http/op.h"
#include "service/health.h"

static enum err_code say(struct call *c, const char *status)
{
	struct json_out j = reply_json(c, 200);

	json_open_object(&j, NULL);
	json_put_z(&j, "status", status);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_get_healthz(struct call *c, struct err *e)
{
	(void)e;
	return say(c, "ok");
}

enum err_code api_get_readyz(struct call *c, struct err *e)
{
	if (!c->app->ready(c->app->ready_arg))
		return err_set(e, ERR_UNAVAILABLE, "starting or stopping");
	if (health_check(c->app->store, e) != ERR_OK) {
		err_in(e, "not ready");
		return e->code = ERR_UNAVAILABLE;
	}
	return say(c, "ready");
}

/* Whatever is ill is told with 200: the answer itself is well. */
enum err_code api_get_health(struct call *c, struct err *e)
{
	struct dependency d[HEALTH_DEPENDENCIES_MAX];
	enum health worst;
	struct json_out j;
	size_t n;

	if (!c->app->ready(c->app->ready_arg))
		return err_set(e, ERR_UNAVAILABLE, "starting or stopping");
	n = health_look(c->app->store, d, &worst);
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_z(&j, "status", health_name(worst));
	json_put_time(&j, "checked_at", c->now);
	json_open_array(&j, "dependencies");
	for (size_t i = 0; i < n; i++) {
		json_open_object(&j, NULL);
		json_put_z(&j, "name", d[i].name);
		json_put_z(&j, "status", health_name(d[i].health));
		if (d[i].message[0])
			json_put_z(&j, "message", d[i].message);
		else
			json_put_null(&j, "message");
		json_close_object(&j);
	}
	json_close_array(&j);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_get_metrics(struct call *c, struct err *e)
{
	(void)e;
	health_gauges(c->app->store);
	reply_text(c, 200, "text/plain; version=0.0.4; charset=utf-8", STR(""));
	metric_write(&c->reply);
	return ERR_OK;
}

/* The document changes only with the program. */
static enum err_code document(struct call *c, const char *content_type, struct str text)
{
	reply_header(c, "Cache-Control", "public, max-age=300");
	reply_text(c, 200, content_type, text);
	return ERR_OK;
}

enum err_code api_get_openapi_yaml(struct call *c, struct err *e)
{
	(void)e;
	return document(c, "application/yaml", api_openapi_yaml);
}

enum err_code api_get_openapi_json(struct call *c, struct err *e)
{
	(void)e;
	return document(c, "application/json", api_openapi_json);
}

enum err_code api_get_docs(struct call *c, struct err *e)
{
	(void)e;
	reply_header(c, "Content-Security-Policy", api_docs_csp);
	return document(c, "text/html; charset=utf-8", api_docs_html);
}
