unsigned hash(const char *text);
unsigned hash(const char *text)
{
	unsigned h = 5381, unused = 3;
	while (*text)
		h = h * 33 + (unsigned char)*text++;
	return h;
}
