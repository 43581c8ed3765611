#ifndef BASE_YAML_H
#define BASE_YAML_H
/*
 * yaml: read YAML 1.1 as data: mappings, sequences and scalars. The only file that knows libyaml.
 *
 * A scalar is its text, whatever it looks like: there is no "yes" that becomes a boolean. Refused, with the
 * line: anchors, aliases and tags (so that what is read is as large as what was written), keys that are
 * no scalars or stand twice, a second document, more than YAML_MAX_DEPTH levels or YAML_MAX_NODES nodes,
 * invalid UTF-8.
 *
 * Nodes are borrowed from the document and die with it. A NULL node is allowed everywhere and reads as
 * YAML_NONE.
 */
#include "base/buf.h"

#define YAML_MAX_DEPTH 16
#define YAML_MAX_NODES 200000

enum yaml_kind { YAML_NONE, YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_doc;
struct yaml; /* a node */

/* ERR_INVALID with the line and what is wrong. Free with yaml_doc_free. */
MUST_CHECK enum err_code yaml_doc_parse(struct str text, struct yaml_doc **ret, struct err *e);
void yaml_doc_free(struct yaml_doc *doc);             /* NULL is fine */
struct yaml *yaml_doc_root(const struct yaml_doc *d); /* YAML_NONE of an empty document */

enum yaml_kind yaml_kind(const struct yaml *n);
size_t yaml_line(const struct yaml *n);    /* where it begins, from 1; 0 of NULL */
struct str yaml_str(const struct yaml *n); /* empty when no scalar */
size_t yaml_len(const struct yaml *n);     /* of a sequence or mapping, else 0 */
/* Element i, i < len; of a mapping the value of member i. */
struct yaml *yaml_at(const struct yaml *n, size_t i);
struct str yaml_key(const struct yaml *n, size_t i);                /* of member i of a mapping */
struct yaml *yaml_get(const struct yaml *mapping, const char *key); /* NULL when absent or no mapping */

#endif
