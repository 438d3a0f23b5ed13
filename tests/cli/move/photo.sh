cp -r "$DATASET" dataset_training
mv dataset_training/ada/1.jpg dataset_training/bruno/ada_by_mistake.jpg
mien train -q
mien move dataset_training/bruno/ada_by_mistake.jpg --to ada
ls dataset_training/ada
mien list | head -5 | cut -f1,2 | grep -E 'ada|bruno'
mien move dataset_training/bruno/absent.jpg --to ada; echo "exit $?"
# To somebody new, and what is right already.
mien move dataset_training/bruno/1.jpg --to newcomer --json | jq -c '[.encodings, .moved]'
mien move dataset_training/ada/2.jpg --to ada
mien train -q --json | jq -c "select(.summary) | .summary.encodings"
mien undo -q >/dev/null; ls dataset_training/bruno
