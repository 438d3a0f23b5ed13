mien train "$DATASET" -q
cd "$PHOTOS"; S="-s $OLDPWD/train.mien"
mien predict $S ada_held_out_1.jpg; echo "exit $?"
mien predict $S stranger_1.jpg --top 1; echo "exit $?"
mien predict $S nobody.jpg; echo "exit $?"
mien predict $S ada_held_out_1.jpg truncated.jpg absent.jpg; echo "exit $?"
