cp -r "$DATASET" dataset_training
mien train -q
mien doctor --gallery -q
echo "exit $?"
mv dataset_training/ada/5.jpg dataset_training/bruno/ada5.jpg
mien train -q
mien doctor --gallery | grep -A1 '^mislabel'
echo "exit ${PIPESTATUS[0]}"
mien doctor --gallery --json | jq -c 'select(.kind == "weak") | [.kind, .label, .photos]'
