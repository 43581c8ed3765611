#include <string.h>
size_t label(const char *text);
size_t label(const char *text)
{
	char to[8];
	strcpy(to, text);
	return strlen(to);
}
