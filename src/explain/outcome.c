/* outcome: two short lists of what is known, and one finding made of it. */
#include "explain/outcome.h"

#include "explain/fingerprint.h"

#include <string.h>

#define OUTCOME_SCORE 1000 /* nothing in the log is surer */

struct known {
	int64_t key;
	enum error_class class;
	const char *message, *advice;
};

static const struct known conclusions[] = {
	{ CONCLUSION_RUNNER_LOST, CLASS_RUNNER_LOST, "the runner was not heard of again",
		"Look at the runner: was its machine stopped, out of memory or off the network? Then run it "
		"again." },
	{ CONCLUSION_TIMED_OUT, CLASS_TIMEOUT, "the step took longer than it may",
		"The last lines are where it hung, or was slow." },
};

static const struct known exit_codes[] = {
	{ 124, CLASS_TIMEOUT, "exit code 124: timeout(1) ended it", "" },
	{ 126, CLASS_PERMISSION, "exit code 126: the command may not be executed", "" },
	{ 127, CLASS_DEPENDENCY, "exit code 127: the command was not found",
		"Is it installed, and in $PATH?" },
	{ 132, CLASS_CRASH, "exit code 132: ended by SIGILL", "" },
	{ 134, CLASS_CRASH, "exit code 134: ended by SIGABRT", "" },
	{ 135, CLASS_CRASH, "exit code 135: ended by SIGBUS", "" },
	{ 136, CLASS_CRASH, "exit code 136: ended by SIGFPE", "" },
	{ 137, CLASS_OUT_OF_MEMORY,
		"exit code 137: killed (SIGKILL), by the kernel for want of memory or by somebody",
		"See the memory of the runner (dmesg, cgroup limits)." },
	{ 139, CLASS_CRASH, "exit code 139: ended by SIGSEGV", "" },
	{ 143, CLASS_CANCELLED, "exit code 143: ended by SIGTERM", "Somebody or something stopped it." },
};

static const struct known *find(const struct known *v, size_t n, int64_t key)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].key == key)
			return &v[i];
	return NULL;
}

/* The last lines are a guess: an exit code knows more. */
static bool has_cause(const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].role == ERROR_CAUSE && f->v[i].by != FOUND_BY_LAST)
			return true;
	return false;
}

static const struct known *what_is_known(const struct findings *ranked, const struct step_facts *f)
{
	const struct known *k =
		find(conclusions, sizeof conclusions / sizeof *conclusions, (int64_t)f->conclusion);

	if (k || !f->has_exit_code || has_cause(ranked))
		return k;
	return find(exit_codes, sizeof exit_codes / sizeof *exit_codes, f->exit_code);
}

void outcome_add(struct findings *ranked, const struct step_facts *f, size_t n_lines, size_t last_start,
	size_t log_len)
{
	const struct known *k = what_is_known(ranked, f);
	struct finding *x = k ? findings_add(ranked) : NULL;

	if (!x)
		return;
	memmove(ranked->v + 1, ranked->v, (ranked->n - 1) * sizeof *ranked->v);
	x = ranked->v;
	*x = (struct finding){ .from = n_lines > 0 ? n_lines - 1 : 0,
		.to = n_lines,
		.head = n_lines > 0 ? n_lines - 1 : 0,
		.head_byte = last_start,
		.start_byte = last_start,
		.end_byte = log_len,
		.role = ERROR_CAUSE,
		.class = k->class,
		.severity = SEVERITY_FATAL,
		.by = FOUND_BY_OUTCOME,
		.rule = STR("outcome"),
		.message = str_z(k->message),
		.advice = str_z(k->advice),
		.score = OUTCOME_SCORE,
		.why = STR("how the step ended says so") };
	fingerprint_set(ranked, x);
}
