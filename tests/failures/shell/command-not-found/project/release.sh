#!/bin/bash
set -euo pipefail
version=$1
echo "==> building $version"
mkdir -p dist
for part in core docs extras; do
	echo "packing $part"
	tar czf "dist/$part-$version.tar.gz" --files-from=/dev/null
done
echo "==> checksums"
(cd dist && sha3sum ./*.tar.gz > SHA3SUMS)
echo "==> done"
ls dist
