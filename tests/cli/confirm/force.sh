# Putting right what was named wrong: the photo goes with the name.
mkdir -p dataset_training; cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/; mv dataset_training/bruno/1.jpg dataset_training/ada/wrong.jpg
mien train -q
mien confirm dataset_training/ada/wrong.jpg --label bruno 2>&1 | sed -E 's/at [0-9,]+/at BOX/g'; echo "exit ${PIPESTATUS[0]}"
mien confirm dataset_training/ada/wrong.jpg --label bruno --force; echo "exit $?"
ls dataset_training/*; mien --json train | tail -1 | jq -c '.summary | [.encoded, .removed, .people, .encodings, .changed]'
