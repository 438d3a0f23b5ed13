mien train "$DATASET" -q -j 1 -o one.mien; mien train "$DATASET" -q -j 3 -o three.mien
cmp one.mien three.mien && echo same bytes
