#ifndef MODEL_SUITE_H
#define MODEL_SUITE_H
/*
 * suite: commands that are run over samples, and what is expected of them, as one YAML document (doc/suite.md has the form).
 *
 * A file is named by a path in the folder in which the document lies, or by its content, "sha256:" and 64 hex digits: on disk it is paths, over HTTP it is
 * contents. Whoever reads the one and needs the other replaces them (suite_each_file). Everything else is the same in both.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define SUITE_SAMPLES_MAX 10000
#define SUITE_TESTS_MAX 10000
#define SUITE_NAME_MAX 255 /* bytes of a name of a sample, a test or a file, as of an expected output */
#define SUITE_EXTENSION_MAX 10
#define SUITE_WORD_MAX 50 /* bytes of a tag, a category or a type, and how many of each one may have */
#define SUITE_COMMAND_MAX 500
#define SUITE_DESCRIPTION_MAX 1000
#define SUITE_OUTPUTS_MAX 20   /* of a test */
#define SUITE_BASELINES_MAX 20 /* of an output, in a document */

struct suite_words {
	struct str *v;
	size_t n;
};

struct suite_sample {
	struct str file;
	struct str name;      /* else the end of the path */
	struct str extension; /* else that of the name */
	struct suite_words tags;
	bool active;
	size_t line; /* of the document */
};

struct suite_output {
	struct str file;             /* what the test writes: a name in {output} */
	struct suite_words accepted; /* files: each a content that is right */
};

struct suite_test {
	struct str name;
	struct str sample; /* a file that is among the samples, in the same words */
	struct str command, input_type, output_type, description;
	bool shell, active;
	int64_t expected_rc;
	int64_t timeout_ms; /* 0: not said */
	struct suite_words categories;
	struct suite_output *outputs;
	size_t n_outputs;
	size_t line;
};

struct suite {
	struct suite_sample *samples;
	size_t n_samples;
	struct suite_test *tests;
	size_t n_tests;
};

/*
 * ERR_INVALID: the line, what is wrong there, and what would be right. Whole or not at all. Strings live in the arena. A name that
 * stands twice, a sample or a test that is not described, a path that leads out of the folder: all refused here.
 */
MUST_CHECK enum err_code suite_parse(struct str yaml, struct arena *a, struct suite *ret, struct err *e);
/* As suite_parse() reads it; what has its default is left out. Appended. */
void suite_write(const struct suite *s, struct buf *out);
/* Calls back for each file that is named, which may be put another in its place; each as often as it is named. Passes on the first error. */
typedef enum err_code suite_file_fn(void *arg, struct str *file, struct err *e);
MUST_CHECK enum err_code suite_each_file(struct suite *s, suite_file_fn *each, void *arg, struct err *e);

/* The 64 hex digits of a file that is named by its content, in lower case; empty: it is a path. */
struct str suite_digest(struct str file);
/* The end of a path, and of that the letters and digits behind its last point, at most SUITE_EXTENSION_MAX; empty: none. */
struct str suite_base_name(struct str path);
struct str suite_extension(struct str name);

#endif
