slug() {
	printf '%s' "$1" | tr 'A-Z ' 'a-z-'
}
