#ifndef HTTP_PAGE_LOGIN_H
#define HTTP_PAGE_LOGIN_H
/*
 * page_login: where one signs in, as HTML; of what is filled in by whoever can sign somebody in.
 *
 * The form goes to POST /login with the fields email, password, return and csrf. A forge is a link, GET /oauth/NAME/start?return=.., and no form: the answer sends
 * the browser to the forge, and form-action 'self' of the pages' Content-Security-Policy holds for redirects of forms as well.
 */
#include "http/html.h"

struct login_provider {
	struct str name;  /* in the address */
	struct str title; /* "git.example.org" */
};

struct login_view {
	bool passwords; /* the form for them is there */
	const struct login_provider *providers;
	size_t n_providers;
	struct str error;       /* why the last try failed; empty: there was none */
	struct str email;       /* as it was given then */
	struct str return_path; /* page_return_path() made it */
	struct str csrf;
};

void page_login_put(struct html *h, const struct login_view *v);

#endif
