#!/bin/bash
# shellcheck source=lib.sh
. ./lib.sh
folder=$1
cd $folder
for f in $(ls *.log); do
	rm -rf "$folder/"$f
	freed=$((freed + 1))
done
say "removed $freed"
