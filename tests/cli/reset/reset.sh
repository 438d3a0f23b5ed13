# Back to the reserve: the old state is kept until the new one is there, and one undo brings it back.
mkdir -p dataset_training dataset_reserve dataset; cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/; cp -r "$DATASET"/mei "$DATASET"/otto dataset_reserve/
cp "$PHOTOS/stranger_1.jpg" dataset/; mien train -q; mien confirm -q "$PHOTOS/stranger_2.jpg" --label Nils
find dataset* -type f | sort | xargs sha256sum > before
mien reset --dry-run; echo "exit $?"
mien reset < /dev/null; echo "exit $?"; find dataset* -type f | sort | xargs sha256sum | cmp - before
mien reset --yes 2>&1; echo "exit $?"
find dataset dataset_training -type f | sort; diff -r dataset_reserve dataset_training && mien --json stats | jq -c '[.people, .encodings]'
mien --json train | tail -1 | jq -c .summary.changed
cp "$PHOTOS/stranger_3.jpg" dataset/later.jpg
mien undo -q; find dataset* -type f | sort | xargs sha256sum | cmp - before && echo all is back; mien --json stats | jq -c '[.people, .encodings]'
mien undo -q; ls dataset dataset_training; diff -r dataset_reserve dataset_training && mien --json stats | jq -c '[.people, .encodings]'; mien fsck -q; echo "exit $?"
rm -r dataset_reserve/*; mien reset --yes; echo "exit $?"
ln -s elsewhere link; rm -r dataset; ln -s link dataset; cp -r "$DATASET"/mei dataset_reserve/; mien reset --yes; echo "exit $?"
