# A whole store, a damaged journal, a damaged archive; what is good is kept, and so are the damaged files.
mkdir -p dataset_training && cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/
mien train -q; rm dataset_training/ada/1.jpg; mien train -q; rm dataset_training/ada/2.jpg; mien train -q
mien fsck; echo "exit $?"
mien fsck --repair | tail -1
printf x | dd of=train.mien.journal bs=1 seek=200 conv=notrunc status=none
mien stats; echo "exit $?"
mien fsck; echo "exit $?"
mien fsck --repair; echo "exit $?"
mien stats --json | jq -c .encodings_by_person; mien fsck --json | jq -c '[.whole, .change]'
printf x | dd of=train.mien bs=1 seek=20 conv=notrunc status=none
mien fsck --repair; echo "exit $?"
mien fsck absent.mien 2>/dev/null; echo "exit $?"
mien fsck --store absent.mien; echo "exit $?"
