set -eu
. ./settings.sh
copy() {
	echo "copying $1 to $TARGET"
	mkdir -p "$TARGET" && cp "$1" "$TARGET/"
}
for file in *.sh; do
	copy "$file"
done
