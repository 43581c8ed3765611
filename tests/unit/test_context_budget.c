/* context: within its budget, whatever the steps and errors; what is left out is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/context.h"
#include "tests/unit/help/contexts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void the_budget_holds_for_any_number_and_size_of_steps(void **state)
{
	static const size_t numbers[] = { 1, 2, 3, 7, 20, 150 }, sizes[] = { 1, 100, 3000, 32768 };
	char *pool = fill_pool(32768);

	(void)state;
	for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
		struct step *s = calloc(numbers[n], sizeof *s);

		for (size_t i = 0; i < numbers[n]; i++)
			s[i] = big_step(pool, sizes[(i * 7 + n) % 4], i);
		for (size_t budget = CONTEXT_BUDGET_MIN; budget <= 40000; budget += 1 + budget / 9) {
			struct context_input in = input_of(s, numbers[n]);
			AUTO_BUF out;
			AUTO_BUF outside;

			in.n_beyond = budget % 2 ? 1234567 : 0;
			in.budget = budget;
			markdown(&in, &out);
			buf_init(&outside, CEILING);
			outside_fences(&out, &outside);
			json_free(json(&in));
		}
		free(s);
	}
	free(pool);
}

static void every_budget_near_the_size_of_the_whole_holds(void **state)
{
	char *pool = fill_pool(500);
	struct step s[3] = { big_step(pool, 500, 0), big_step(pool, 61, 1), big_step(pool, 300, 2) };
	struct context_input in = input_of(s, 3);
	AUTO_BUF whole;

	(void)state;
	markdown(&in, &whole);
	for (size_t budget = CONTEXT_BUDGET_MIN; budget <= whole.len + 300; budget++) {
		AUTO_BUF out;

		in.budget = budget;
		markdown(&in, &out);
		if (budget >= whole.len)
			assert_int_equal(out.len, whole.len);
		else
			assert_has(&out, "Not shown, for want of room: ");
		json_free(json(&in));
	}
	free(pool);
}

static void a_text_of_backticks_does_not_break_the_budget(void **state)
{
	char *ticks = malloc(30001);
	struct step s[2];

	(void)state;
	memset(ticks, '`', 30000);
	ticks[30000] = '\0';
	for (int lines = 0; lines < 2; lines++) {
		if (lines) /* runs of different lengths: a longer tail needs a longer fence */
			for (size_t i = 0, gap = 1; i < 30000; i += ++gap)
				ticks[i] = '\n';
		s[0] = step_of(ticks);
		s[1] = step_of("the other");
		for (size_t budget = CONTEXT_BUDGET_MIN; budget <= 100000; budget += 1 + budget / 5) {
			struct context_input in = input_of(s, 2);
			AUTO_BUF out;
			AUTO_BUF outside;

			in.budget = budget;
			markdown(&in, &out);
			buf_init(&outside, CEILING);
			outside_fences(&out, &outside);
			if (budget >= 2048)
				assert_has(&out, "\nthe other\n");
			json_free(json(&in));
		}
	}
	free(ticks);
}

static void text_that_grows_when_shown_does_not_break_the_budget(void **state)
{
	char *controls = malloc(20001);
	struct step s;
	struct context_input in;

	(void)state;
	memset(controls, '\x01', 20000);
	controls[20000] = '\0';
	s = step_of(controls);
	in = input_of(&s, 1);
	for (size_t budget = CONTEXT_BUDGET_MIN; budget <= 200000; budget += budget / 3) {
		AUTO_BUF out;

		in.budget = budget;
		markdown(&in, &out);
		json_free(json(&in));
	}
	memset(controls, '"', 20000); /* twice as long in JSON */
	for (size_t budget = CONTEXT_BUDGET_MIN; budget <= 50000; budget += budget / 7) {
		in.budget = budget;
		json_free(json(&in));
	}
	free(controls);
}

static void hostile_names_do_not_break_the_least_budget(void **state)
{
	char name[3][3000];
	struct step s = step_of("the text");

	(void)state;
	memset(name[0], '`', sizeof name[0]);
	memset(name[1], '"', sizeof name[1]);
	memset(name[2], '\x01', sizeof name[2]);
	for (size_t i = 0; i < 3; i++) {
		struct str n = { name[i], sizeof name[i] };
		struct context_input in = input_of(&s, 1);
		AUTO_BUF out;
		AUTO_BUF empty;

		s.facts.repo = s.facts.head_sha = s.facts.job_name = s.facts.step_name = s.facts.leg =
			s.facts.workflow = n;
		s.facts.branch = s.facts.url = s.facts.external_run_id = s.facts.forge = n;
		in.query = (struct context_query){ .repo = n, .head_sha = n, .external_run_id = n };
		in.budget = CONTEXT_BUDGET_MIN;
		markdown(&in, &out);
		json_free(json(&in));
		in.n_steps = 0;
		in.absence = 15;
		markdown(&in, &empty);
		json_free(json(&in));
	}
}

static void room_is_shared_evenly_and_what_short_ones_leave_goes_to_others(void **state)
{
	char *pool = fill_pool(32768);
	struct step s[3] = { big_step(pool, 20000, 0), big_step(pool, 61, 1), big_step(pool, 20000, 2) };
	struct context_input in = input_of(s, 3);
	struct json_doc *doc;
	size_t len[3];

	(void)state;
	in.budget = 12000;
	doc = json(&in);
	for (size_t i = 0; i < 3; i++)
		len[i] = json_str(json_get(json_at(json_get(json_root(doc), "steps"), i), "text")).len;
	json_free(doc);
	assert_int_equal(len[1], 61);
	assert_true(len[0] > 4000 && len[2] > 4000);
	assert_true(len[0] + 200 > len[2] && len[2] + 200 > len[0]);
	free(pool);
}

static void with_many_steps_the_last_ones_have_text_worth_reading(void **state)
{
	char *pool = fill_pool(32768);
	struct step *s = calloc(100, sizeof *s);
	struct context_input in = input_of(s, 100);
	struct json_doc *doc;
	struct json *steps;
	AUTO_BUF out;
	AUTO_BUF outside;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		s[i] = big_step(pool, 32768, i);
	in.budget = 16384;
	markdown(&in, &out);
	buf_init(&outside, CEILING);
	assert_true(outside_fences(&out, &outside) >= 2);
	assert_has(&outside, "none shown here");
	assert_true(str_ends(buf_view(&out), STR(".\n"))); /* the note; above it the text of the last step */
	assert_non_null(strstr(strrchr(buf_cstr(&outside), '#'), "Output of programs"));

	in.budget = 40000;
	doc = json(&in);
	steps = json_get(json_root(doc), "steps");
	assert_true(json_len(steps) < 100);
	assert_true(json_str(json_get(json_at(steps, json_len(steps) - 1), "text")).len > 300);
	assert_int_equal(json_str(json_get(json_at(steps, 0), "text")).len, 0);
	json_free(doc);
	free(s);
	free(pool);
}

static void what_did_not_fit_is_said_with_where_to_read_it(void **state)
{
	char *pool = fill_pool(32768);
	struct step s[2] = { big_step(pool, 30000, 0), big_step(pool, 30000, 1) };
	struct context_input in = input_of(s, 2);
	AUTO_BUF out;

	(void)state;
	in.budget = 8192;
	markdown(&in, &out);
	assert_has(&out, "\nNot shown, for want of room: 8");
	assert_has(&out, " lines of kept text. All that is kept: `sluice context acme/widget " SHA
			 " --budget 1048576`, or "
			 "`GET /api/v1/context?run_id=7&budget=1048576`. At the forge: "
			 "`https://forge.example/acme/widget/actions/runs/871`.\n");
	free(pool);
}

static void steps_without_a_place_are_counted(void **state)
{
	struct step *s = calloc(60, sizeof *s);
	struct context_input in = input_of(s, 60);
	struct json_doc *doc;
	int64_t n;
	AUTO_BUF out;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		s[i] = step_of("some text");
		s[i].run_id = (int64_t)i + 1;
	}
	in.budget = CONTEXT_BUDGET_MIN;
	markdown(&in, &out);
	assert_has(&out, "\nNot shown, for want of room: 5");
	assert_has(&out, " failed steps");
	assert_has(&out, "GET /api/v1/context?repo=acme/widget&sha=" SHA "&budget=1048576");
	doc = json(&in);
	assert_true(json_int(json_get(json_get(json_root(doc), "omitted"), "steps"), &n));
	assert_int_equal(n + (int64_t)json_len(json_get(json_root(doc), "steps")), 60);
	json_free(doc);
	free(s);
}

/* One run, so that but for the first no step would say whose it is. */
static void the_newest_step_has_a_place_and_the_first_that_is_shown_tells_its_run(void **state)
{
	struct step s[60] = { 0 };
	struct context_input in = input_of(s, 60);
	char name[60][20];
	struct json_doc *doc;
	struct json *steps;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		s[i] = step_of("some text");
		snprintf(name[i], sizeof name[i], "step %zu", i);
		s[i].facts.step_name = str_z(name[i]);
	}
	for (in.budget = CONTEXT_BUDGET_MIN; in.budget < 9000; in.budget += 101) {
		AUTO_BUF out;

		markdown(&in, &out);
		assert_has(&out, "`step 59` · exit code 2 · 1 line\n\nOutput of programs");
		assert_has(&out, "Run `871` · workflow");
		doc = json(&in);
		steps = json_get(json_root(doc), "steps");
		if (json_len(steps) > 0)
			assert_true(str_eq(json_str(json_get(json_at(steps, json_len(steps) - 1), "step")),
				STR("step 59")));
		json_free(doc);
	}
}

static void steps_beyond_those_that_are_listed_are_counted(void **state)
{
	struct step s[2] = { step_of("a"), step_of("b") };
	struct context_input in = input_of(s, 2);
	struct json_doc *doc;
	int64_t n;
	AUTO_BUF out;

	(void)state;
	in.n_beyond = 40;
	markdown(&in, &out);
	assert_has(&out, ": 42 failed steps.\n");
	assert_has(&out, "\nNot shown, for want of room: 40 failed steps. More of it: `sluice context");
	doc = json(&in);
	assert_true(json_int(json_get(json_get(json_root(doc), "omitted"), "steps"), &n) && n == 40);
	assert_int_equal(json_len(json_get(json_root(doc), "steps")), 2);
	assert_true(str_starts(json_str(json_get(json_root(doc), "message")), STR("42 failed steps.")));
	json_free(doc);
}

static void at_the_largest_budget_nothing_larger_is_offered(void **state)
{
	size_t len = 2 << 20;
	char *pool = fill_pool(len);
	struct step s = big_step(pool, len, 0);
	struct context_input in = input_of(&s, 1);
	AUTO_BUF out;

	(void)state;
	in.budget = CONTEXT_BUDGET_MAX;
	markdown(&in, &out);
	assert_has(&out, " lines of kept text. At the forge: `https://");
	assert_has_not(&out, "--budget");
	json_free(json(&in));
	free(pool);
}

static void nothing_arrived_fits_the_least_budget_with_all_reasons(void **state)
{
	char name[100];
	struct context_input in = input_of(NULL, 0);
	struct json_doc *doc;
	AUTO_BUF out;

	(void)state;
	memset(name, 'x', sizeof name);
	in.query.repo = (struct str){ name, sizeof name };
	in.query.head_sha = STR(SHA "0123456789abcdef01234567");
	in.absence = 15;
	in.budget = CONTEXT_BUDGET_MIN;
	markdown(&in, &out);
	assert_has(&out, "not watched");
	doc = json(&in);
	assert_int_equal(json_len(json_get(json_root(doc), "reasons")), 4);
	json_free(doc);
}

/* ---- with errors ---- */

#define STEPS 9

/* Steps with errors of all kinds: none, many, long ones, ones without lines, the same in several steps. */
struct world {
	char *pool;
	struct step steps[STEPS];
	struct error errors[STEPS][CONTEXT_ERRORS_MAX];
	struct group groups[STEPS];
	struct context_error x[STEPS][CONTEXT_ERRORS_MAX];
	struct context_found found[STEPS];
	struct context_input in;
	int64_t n_errors;
};

static void fill_errors(struct world *w, size_t i, size_t n)
{
	static const char *const messages[] = { "it broke", "```", "\x01\x01\x01", "\"quoted\" \\ and more",
		"" };
	struct step *s = &w->steps[i];

	for (size_t k = 0; k < n; k++) {
		int64_t from = (int64_t)(k * k * 3) % (s->size.n_lines + 1);
		int64_t to = k % 5 == 4 ? from : from + 1 + (int64_t)(k * 13 + i) % 70;
		struct error *f = &w->errors[i][k];

		*f = error_of(s, k % 3 == 2 ? ERROR_CONSEQUENCE : ERROR_CAUSE, from,
			to < s->size.n_lines ? to : s->size.n_lines, messages[(i + k) % 5]);
		if (f->to_line < f->from_line)
			f->to_line = f->from_line;
		f->file = STR("src/some/file.c");
		f->advice = k % 2 ? STR("Read it again.") : STR("");
		f->why = STR("nearest to the end");
		w->x[i][k] = found_error(s, f, f->role == ERROR_CAUSE ? &w->groups[(i + k) % STEPS] : NULL);
	}
	w->found[i] = found_of(w->x[i], n);
	w->found[i].total += i % 4 == 3 ? 7 : 0; /* more than are looked at */
	w->n_errors += w->found[i].total;
}

static struct world *world_of(size_t n, size_t len)
{
	static const size_t numbers[] = { 2, 0, 1, 5, 0, 20, 3 };
	struct world *w = calloc(1, sizeof *w);

	w->pool = fill_pool(32768);
	for (size_t i = 0; i < n; i++) {
		w->steps[i] = big_step(w->pool, i % 3 == 2 ? 200 : len, i);
		w->steps[i].size.n_dropped_lines = 0;
		w->groups[i] = group_of((int64_t)i + 1);
		w->groups[i].counts.runs = 12345;
		w->groups[i].new_in_sha = i % 2 ? STR(SHA) : STR("");
	}
	for (size_t i = 0; i < n; i++)
		fill_errors(w, i, numbers[i % 7]);
	w->in = input_of(w->steps, n);
	w->in.found = w->found;
	return w;
}

static void end_world(struct world *w)
{
	for (size_t i = 0; i < w->in.n_steps; i++)
		done_errors(w->x[i], w->found[i].n);
	free(w->pool);
	free(w);
}

/* Of the JSON: errors that are told and those that are counted are all there are. */
static void check_counts(struct world *w)
{
	struct json_doc *doc = json(&w->in);
	struct json *steps = json_get(json_root(doc), "steps");
	int64_t told = 0, omitted = 0;

	for (size_t i = 0; i < json_len(steps); i++)
		told += (int64_t)json_len(json_get(json_at(steps, i), "errors"));
	assert_true(json_int(json_get(json_get(json_root(doc), "omitted"), "errors"), &omitted));
	assert_int_equal(told + omitted, w->n_errors);
	json_free(doc);
}

static void the_budget_holds_for_any_errors(void **state)
{
	(void)state;
	for (size_t n = 1; n <= STEPS; n++)
		for (size_t len = 300; len <= 32768; len *= 10) {
			struct world *w = world_of(n, len);

			for (w->in.budget = CONTEXT_BUDGET_MIN; w->in.budget <= 80000;
				w->in.budget += 1 + w->in.budget / 11) {
				AUTO_BUF out;
				AUTO_BUF outside;

				markdown(&w->in, &out);
				buf_init(&outside, CEILING);
				outside_fences(&out, &outside);
				check_counts(w);
			}
			end_world(w);
		}
}

static void every_budget_near_the_size_of_the_whole_holds_with_errors_too(void **state)
{
	struct world *w = world_of(3, 700); /* of no step more errors than are looked at */
	AUTO_BUF whole;

	(void)state;
	markdown(&w->in, &whole);
	assert_has_not(&whole, "Not shown");
	for (w->in.budget = CONTEXT_BUDGET_MIN; w->in.budget <= whole.len + 300; w->in.budget++) {
		AUTO_BUF out;

		markdown(&w->in, &out);
		if (w->in.budget >= whole.len)
			assert_int_equal(out.len, whole.len);
		check_counts(w);
	}
	end_world(w);
}

static void hostile_errors_do_not_break_the_least_budget(void **state)
{
	char name[3][3000];

	(void)state;
	memset(name[0], '`', sizeof name[0]);
	memset(name[1], '"', sizeof name[1]);
	memset(name[2], '\x01', sizeof name[2]);
	for (size_t i = 0; i < 3; i++) {
		struct world *w = world_of(4, 3000);
		struct str n = { name[i], sizeof name[i] };

		for (size_t k = 0; k < 4; k++) {
			w->groups[k].issue = w->groups[k].flaky_sha = w->groups[k].fixed_in = n;
			w->groups[k].flaky_at = 1;
			w->found[k].why_not = n;
			w->found[k].explained = k == 1 ? CONTEXT_NOT_EXPLAINED : CONTEXT_EXPLAINED;
			w->steps[k].facts.job_name = w->steps[k].facts.url = n;
			for (size_t e = 0; e < w->found[k].n; e++) {
				struct error *f = &w->errors[k][e];

				f->tool = f->file = f->code = f->test = f->message = f->advice = f->why =
					f->rule = n;
			}
		}
		for (w->in.budget = CONTEXT_BUDGET_MIN; w->in.budget < 60000;
			w->in.budget += w->in.budget / 3) {
			AUTO_BUF out;

			markdown(&w->in, &out);
			check_counts(w);
		}
		end_world(w);
	}
}

static void causes_have_room_before_consequences_and_these_before_logs(void **state)
{
	char *pool = fill_pool(32768);
	struct step s = big_step(pool, 32768, 0);
	struct error cause = error_of(&s, ERROR_CAUSE, 3, 9, "the cause"),
		     then = error_of(&s, ERROR_CONSEQUENCE, 20, 50, "then");
	struct context_error x[2];
	struct context_found found;
	struct context_input in = input_of(&s, 1);
	bool before[3] = { false, false, false };

	(void)state;
	x[0] = found_error(&s, &then, NULL); /* in whatever order they are told */
	x[1] = found_error(&s, &cause, NULL);
	found = found_of(x, 2);
	found.first_line = 0;
	in.found = &found;
	for (in.budget = CONTEXT_BUDGET_MIN; in.budget < 6000; in.budget += 61) {
		bool now[3];
		AUTO_BUF out;

		markdown(&in, &out);
		now[0] = strstr(buf_cstr(&out), "**Cause**: ") != NULL;
		now[1] = strstr(buf_cstr(&out), "Consequence: ") != NULL;
		now[2] = strstr(buf_cstr(&out), "The end of the log.") != NULL;
		assert_true(now[0]);
		for (size_t i = 1; i < 3; i++)
			assert_true(now[i - 1] || !now[i]);
		for (size_t i = 0; i < 3; i++) { /* what had room has it in a larger budget */
			assert_true(now[i] || !before[i]);
			before[i] = now[i];
		}
	}
	assert_true(before[2]);
	done_errors(x, 2);
	free(pool);
}

static void the_best_cause_of_the_newest_step_has_room_at_the_least_budget(void **state)
{
	char *pool = fill_pool(32768);
	struct step s[60];
	struct error errors[60];
	struct context_error x[60];
	struct context_found found[60];
	char message[60][20];
	struct context_input in = input_of(NULL, 60);

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		s[i] = big_step(pool, 3000, i);
		snprintf(message[i], sizeof message[i], "cause %zu", i);
		errors[i] = error_of(&s[i], ERROR_CAUSE, 5, 8, message[i]);
		x[i] = found_error(&s[i], &errors[i], NULL);
		found[i] = found_of(&x[i], 1);
	}
	in.steps = s;
	in.found = found;
	for (in.budget = CONTEXT_BUDGET_MIN; in.budget < 20000; in.budget += 499) {
		AUTO_BUF out;

		markdown(&in, &out);
		assert_has(&out, "`cause 59`");
	}
	done_errors(x, 60);
	free(pool);
}

/* An older step in front of it has room for its heading and no more. */
static void a_cause_is_told_itself_when_the_step_that_had_it_first_has_no_place(void **state)
{
	char *pool = fill_pool(32768);
	struct step s[40];
	struct error errors[40];
	struct group group = group_of(5);
	struct context_error x[40];
	struct context_found found[40];
	struct context_input in = input_of(NULL, 40);

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		s[i] = big_step(pool, 3000, i);
		s[i].has_text = true;
		errors[i] = error_of(&s[i], ERROR_CAUSE, 5, 8, "all the same");
		x[i] = found_error(&s[i], &errors[i], &group);
		found[i] = found_of(&x[i], 1);
	}
	in.steps = s;
	in.found = found;
	for (in.budget = CONTEXT_BUDGET_MIN; in.budget < 30000; in.budget += 499) {
		AUTO_BUF out;

		markdown(&in, &out);
		assert_has(&out, "**Cause**: compile · `gcc` · `all the same`\n- new in this commit");
	}
	done_errors(x, 40);
	free(pool);
}

static void lines_that_had_no_room_above_are_not_said_to_be_there(void **state)
{
	char text[1200], *at = text;
	struct step s;
	struct error cause;
	struct context_error x;
	struct context_found found;
	struct context_input in;
	bool above = false, not_above = false;

	(void)state;
	for (int i = 0; i < 20; i++)
		at += sprintf(at, "line %d\n", i);
	memset(at, 'x', 900);
	strcpy(at + 900, "\nthe last line");
	s = step_of(text);
	cause = error_of(&s, ERROR_CAUSE, 20, 21, "a long line");
	x = found_error(&s, &cause, NULL);
	found = found_of(&x, 1);
	in = input_of(&s, 1);
	in.found = &found;
	for (in.budget = CONTEXT_BUDGET_MIN; in.budget < 4000; in.budget += 10) {
		AUTO_BUF out;
		bool whole;

		markdown(&in, &out);
		at[900] = '\0';
		whole = strstr(buf_cstr(&out), at) != NULL;
		at[900] = '\n';
		if (strstr(buf_cstr(&out), "[line 21 is above]")) {
			assert_true(whole);
			above = true;
		} else if (strstr(buf_cstr(&out), "the last line")) {
			not_above = true;
		}
	}
	assert_true(above && not_above);
	done_errors(&x, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_budget_holds_for_any_number_and_size_of_steps),
		cmocka_unit_test(every_budget_near_the_size_of_the_whole_holds),
		cmocka_unit_test(a_text_of_backticks_does_not_break_the_budget),
		cmocka_unit_test(text_that_grows_when_shown_does_not_break_the_budget),
		cmocka_unit_test(hostile_names_do_not_break_the_least_budget),
		cmocka_unit_test(room_is_shared_evenly_and_what_short_ones_leave_goes_to_others),
		cmocka_unit_test(with_many_steps_the_last_ones_have_text_worth_reading),
		cmocka_unit_test(what_did_not_fit_is_said_with_where_to_read_it),
		cmocka_unit_test(steps_without_a_place_are_counted),
		cmocka_unit_test(the_newest_step_has_a_place_and_the_first_that_is_shown_tells_its_run),
		cmocka_unit_test(steps_beyond_those_that_are_listed_are_counted),
		cmocka_unit_test(at_the_largest_budget_nothing_larger_is_offered),
		cmocka_unit_test(nothing_arrived_fits_the_least_budget_with_all_reasons),
		cmocka_unit_test(the_budget_holds_for_any_errors),
		cmocka_unit_test(every_budget_near_the_size_of_the_whole_holds_with_errors_too),
		cmocka_unit_test(hostile_errors_do_not_break_the_least_budget),
		cmocka_unit_test(causes_have_room_before_consequences_and_these_before_logs),
		cmocka_unit_test(the_best_cause_of_the_newest_step_has_room_at_the_least_budget),
		cmocka_unit_test(a_cause_is_told_itself_when_the_step_that_had_it_first_has_no_place),
		cmocka_unit_test(lines_that_had_no_room_above_are_not_said_to_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
