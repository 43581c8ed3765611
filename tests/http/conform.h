#ifndef TESTS_HTTP_CONFORM_H
#define TESTS_HTTP_CONFORM_H
/*
 * conform: does an answer keep to api/openapi.yaml? Its status has to be one that the operation lists, its Content-Type one of that response, and JSON has to fit the
 * schema. The document is the one that the server serves (api_openapi_json), so what is checked is what clients are promised.
 *
 * A keyword of a schema that is not known here fails the test: nothing is passed over unread.
 */
#include "http/op.h"
#include "tests/http/fixture.h"

/* Fails the test with the place that does not fit. method: of the request. op NULL: there is no such path; then the one shape of errors is asked for. */
void conform_assert(const struct op *op, struct str method, struct answer *r);
/* What does not fit, appended; false: something. For tests of this file. */
bool conform_fits(const struct json *schema, const struct json *value, struct buf *ret_why);

#endif
