#ifndef HTTP_PAGE_SIGNIN_H
#define HTTP_PAGE_SIGNIN_H
/* page_signin: what the ways of signing in share. */
#include "http/call.h"

/* The reply to who has just signed in: the cookie of the session, a session that the browser had before is over, and on to the page. */
void page_signed_in(struct call *c, struct str session_id, struct str return_path);

#endif
