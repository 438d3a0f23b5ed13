mien train "$DATASET" -q
cd "$PHOTOS"; S="-s $OLDPWD/train.mien --top 1"
mien predict $S ada_held_out_1.jpg; echo "exit $?"
mien predict $S stranger_1.jpg 2>&1 | sed 's/# to [A-Za-zé]*/# to SOMEBODY/; s/\([0-9.]*\) to [A-Za-zé]*  at/\1 to SOMEBODY  at/'; echo "exit ${PIPESTATUS[0]}"
mien predict $S nobody.jpg; echo "exit $?"
mien predict $S ada_held_out_1.jpg truncated.jpg absent.jpg; echo "exit $?"
