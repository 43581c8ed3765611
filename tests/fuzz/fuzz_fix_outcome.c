/* fix_outcome: whatever a fixer's file has in it, it is taken whole or refused with a reason; and the note that is made of it is one that a server takes. */
#include "agent/fix_outcome.h"
#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct confined_end end = { 0 };
	struct fix_ended how = { .end = &end };
	struct fix_said said;
	struct err e = { .code = ERR_OK };
	AUTO_ARENA a;
	AUTO_BUF note;

	arena_init(&a);
	buf_init(&note, 1 << 20);
	if (size > FIX_OUTCOME_FILE_MAX)
		return 0;
	if (fix_outcome_parse((struct str){ (const char *)data, size }, &a, &how.said, &e) != ERR_OK) {
		assert(e.code == ERR_INVALID && e.text[0] != '\0');
		how.why = e;
	}
	said = fix_outcome_decide(&how, &a);
	assert(said.word != FIX_FIXED || said.sha.len == 40 || said.sha.len == 64);
	fix_note_clean(said.note, &note);
	assert(note.len <= FIX_NOTE_MAX && utf8_valid(buf_view(&note)) == note.len);
	for (size_t i = 0; i < note.len; i++)
		assert((unsigned char)note.p[i] >= 0x20 || note.p[i] == '\n' || note.p[i] == '\t');
	return 0;
}
