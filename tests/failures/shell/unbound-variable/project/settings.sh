TARGT=out
