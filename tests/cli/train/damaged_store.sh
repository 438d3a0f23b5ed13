mkdir -p d/ada; cp "$PHOTOS"/ada_held_out_1.jpg d/ada; mien train d -q
printf x | dd of=train.mien bs=1 seek=300 conv=notrunc status=none
mien train d; echo "exit $?"
mien train d --rebuild -q 2>&1; echo "exit $?"; mien stats | sed -n 2p
