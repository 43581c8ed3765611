slug() {
	printf '%s' "$1" | tr 'A-Z ' 'a-z-' | tr -s '-' | tr -d '!'
}
