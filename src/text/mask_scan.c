/*
 * mask_scan: the runs that tokens are made of. A class is a bit in a table of bytes.
 *
 * Measuring a run costs its length; a text in which a token may begin at every byte would cost the square of
 * it. So the last few runs of each class are remembered, and whoever asks inside one is told its end.
 */
#include "text/mask_scan.h"

#include <string.h>

/* What a class has beside letters and digits; UPPER and HEX have fewer of these. */
static const char *const class_extra[N_CLASSES] = {
	[ALNUM] = "",
	[WORD] = "_",
	[TOKEN] = "_-",
	[DOTTED] = "_-.",
	[UPPER] = "",
	[HEX] = "",
	[BASE64] = "+/=_-",
	[PATH] = "_-/",
	/* RFC 9110's token68, and what else API keys are made of; no quote, blank, comma, or what stands for
	   a variable. */
	[CREDENTIAL] = "-._~+/=:|!@%",
};

static uint16_t classes[256]; /* a bit a class */

static bool is_upper(uint8_t b)
{
	return b >= 'A' && b <= 'Z';
}

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool is_alnum(uint8_t b)
{
	return is_upper(b) || is_digit(b) || (b >= 'a' && b <= 'z');
}

static bool is_hex_digit(uint8_t b)
{
	return is_digit(b) || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
}

static bool in_class(uint8_t b, enum class class)
{
	if (class == UPPER)
		return is_upper(b) || is_digit(b);
	if (class == HEX)
		return is_hex_digit(b);
	return is_alnum(b) || (b != 0 && strchr(class_extra[class], b));
}

void scan_init(void)
{
	for (unsigned b = 0; b < 256; b++)
		for (unsigned c = 0; c < N_CLASSES; c++)
			if (in_class((uint8_t)b, (enum class)c))
				classes[b] |= (uint16_t)(1u << c);
}

bool scan_is(enum class class, char c)
{
	return classes[(uint8_t)c] >> class & 1;
}

size_t scan_run_end(struct scan *s, enum class class, size_t at)
{
	struct run *runs = s->runs[class];
	size_t i = at;

	for (size_t k = 0; k < SCAN_RUNS; k++)
		if (at >= runs[k].from && at < runs[k].to)
			return runs[k].to;
	while (i < s->text.len && scan_is(class, s->text.p[i]))
		i++;
	runs[s->n_runs[class]++ % SCAN_RUNS] = (struct run){ at, i };
	return i;
}
