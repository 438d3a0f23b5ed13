# Eight at once, of eight people and then of one face: all there, none twice, nothing torn.
mien train -q -d "$DATASET"; before=$(mien --json stats | jq .encodings)
for i in 1 2 3 4 5 6 7 8; do mien --json confirm "$PHOTOS/stranger_$i.jpg" --label person_0$i --force --wait 120 > answer_$i & done; wait
cat answer_* | jq -r .outcome | sort | uniq -c; cat answer_* | jq .change | sort -n | uniq | wc -l
echo $(($(mien --json stats | jq .encodings) - before)); ls dataset_training
for i in 1 2 3 4 5 6 7 8; do mien --json confirm "$PHOTOS/ada_held_out_1.jpg" --label ada --wait 120 > answer_$i & done; wait
cat answer_* | jq -r .outcome | sort | uniq -c; ls dataset_training/ada; mien fsck -q; echo "exit $?"
# As many uploads at once, of one name.
for i in 1 2 3 4 5 6 7 8; do mkdir -p in$i; cp "$PHOTOS/stranger_$i.jpg" in$i/door.jpg; done; mien undo -q 9
for i in 1 2 3 4 5 6 7 8; do mien -q predict --remember in$i/door.jpg > /dev/null & done; wait; ls dataset; mien --json pending | tail -1 | jq -c .summary.photos
