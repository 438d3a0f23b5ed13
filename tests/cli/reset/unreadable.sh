# A reserve photo that cannot be read is named, counted and in the exit status; a reset that fails leaves nothing behind.
mkdir -p dataset_training dataset_reserve && cp -r "$DATASET/ada" dataset_training/ && mien train -q
mkdir dataset_reserve/bruno && cp "$PHOTOS/truncated.jpg" dataset_reserve/bruno/
mien reset --yes 2>&1 | sed -n 1p; echo "exit ${PIPESTATUS[0]}"; ls
cp "$DATASET/bruno/1.jpg" dataset_reserve/bruno/
mien reset --yes --json 2>/dev/null > answer; echo "exit $?"; jq -c '.summary | [.reserve, .encodings, .failed]' answer
mien reset --yes -e dlib --models /nowhere > /dev/null 2>&1; echo "exit $?"; ls train.mien.d
