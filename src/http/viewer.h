#ifndef HTTP_VIEWER_H
#define HTTP_VIEWER_H
/*
 * viewer: who looks at a page. The guard asks page_viewer() for every operation with x-auth: session and for no other, before the handler
 * runs; handlers and the layout find what it said in c->viewer and, as services want it, in c->identity.
 */
#include "base/err.h"
#include "model/scope.h"

struct call;

struct viewer {
	int64_t user_id; /* 0: nobody has signed in */
	enum role role;
	struct str name; /* what the page's head calls them: their e-mail address */
	struct str csrf; /* goes into every form; empty: this viewer cannot send forms */
};

/*
 * Fills *ret and c->identity: of a session (service/session.h), with all that the role of its user allows. ERR_UNAUTHORIZED: nobody has signed
 * in, which reply.c answers with 303 to page_login_path().
 *
 * A request with a bearer token is its user's, as far as the token goes; it has no forms. No browser sends such a header by itself, so no other
 * site can use it.
 */
MUST_CHECK enum err_code page_viewer(struct call *c, struct viewer *ret, struct err *e);

/* The token of its session stands in the form, and it was not sent from another site. ERR_FORBIDDEN. */
MUST_CHECK enum err_code viewer_form_check(struct call *c, struct err *e);

/* Where to sign in, with the way back to what was asked for. Memory of the call. */
const char *page_login_path(struct call *c);
/*
 * A way back that a request brought, if it is a path of this server; else "/". A browser reads much as another host: "//host", "/\host", and either with
 * tabs or line ends in it. So: '/' first, then neither '/' nor '\', and printable ASCII without '\' throughout.
 */
struct str page_return_path(struct str asked);

#endif
