# One bad byte costs one record of a small store, and training learns it again. What cannot be read is not called damaged.
mkdir dataset_training && cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/ && mien train -q && mien compact -q
before=$(mien stats --json | jq .encodings)
size=$(stat -c %s train.mien)
at=$((size / 2)); byte=$(od -An -tx1 -j $at -N 1 train.mien | tr -d " ")
printf "\\x$(printf %02x $((0x$byte ^ 1)))" | dd of=train.mien bs=1 seek=$at conv=notrunc status=none
mien fsck > /dev/null 2>&1; echo "exit $?"
mien fsck --repair | tail -1
mien train -q; test "$(mien stats --json | jq .encodings)" = "$before" && echo "as before"
mien fsck > /dev/null; echo "exit $?"
rm train.mien.journal; mkdir train.mien.journal; mien fsck; echo "exit $?"
