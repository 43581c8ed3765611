#!/bin/bash
# shellcheck source=lib.sh
. ./lib.sh
folder=$1
freed=0
cd "$folder" || exit
for f in *.log; do
	rm -f -- "$f"
	freed=$((freed + 1))
done
say "removed $freed"
