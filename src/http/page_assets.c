/* page_assets: the stylesheet and the icon. Pages link them by their digests, so that a browser asks for each once and again only when it has become another. */
#include "api_table.h"

#include "http/page.h"
#include "http/part.h"

static enum err_code asset(struct call *c, const char *content_type, struct str text, const char *digest)
{
	const char *tag = arena_fmt(&c->arena, "\"%s\"", digest).p;
	bool named = str_eq(arg_str(c, "v"), str_z(digest));

	reply_header(c, "ETag", tag);
	reply_header(
		c, "Cache-Control", named ? "public, max-age=31536000, immutable" : "public, max-age=300");
	reply_header(c, "Content-Security-Policy", "default-src 'none'");
	if (part_is_known(c, tag))
		reply_empty(c, 304);
	else
		reply_text(c, 200, content_type, text);
	return ERR_OK;
}

enum err_code page_style(struct call *c, struct err *e)
{
	(void)e;
	return asset(c, "text/css; charset=utf-8", page_css, page_css_digest);
}

enum err_code page_icon(struct call *c, struct err *e)
{
	(void)e;
	return asset(c, "image/svg+xml", page_svg, page_svg_digest);
}
