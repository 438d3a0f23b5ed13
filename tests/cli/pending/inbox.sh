# Unknown faces are remembered, listed in clusters, confirmed, and leave the inbox.
mien train -q -d "$DATASET"; mask() { sed -E 's/cluster [0-9a-f]{8}/cluster ID/; s/--box [0-9,]+/--box BOX/; s/[0-9]+ %/N %/; s/perhaps [^,]+/perhaps SOMEBODY/; s/--cluster [0-9a-f]{8}/--cluster ID/'; }
mien predict -j 1 --remember -q "$PHOTOS"/stranger_[12].jpg "$PHOTOS/ada_held_out_1.jpg" "$PHOTOS/nobody.jpg" > answers; echo "exit $?"; ls dataset
mien predict --remember -q "$PHOTOS"/stranger_[12].jpg > answers; ls dataset; stat -c %a pending.mien dataset/*
cp "$PHOTOS/stranger_3.jpg" dataset/by-hand.jpg; touch -d "2 days ago" dataset/by-hand.jpg; cp "$PHOTOS/nobody.jpg" "$PHOTOS/truncated.jpg" dataset/; cp "$PHOTOS/stranger_1.jpg" dataset/twin.jpg
mien pending 2>&1 | mask; echo "exit ${PIPESTATUS[0]}"
mien --json pending | jq -c 'del(.cluster, .sha256, .suggestion.confidence, .suggestion.label) | if .box then .box = 1 else . end'
mien pending --sheet sheet.png 2>&1 > list | mask; od -An -tx1 -N4 sheet.png
# One cluster, then one photo; the rest waits.
id=$(mien --json pending | jq -r 'select(.photo == "dataset/by-hand.jpg").cluster')
mien confirm --cluster $id --label Nils; mien confirm --cluster $id --label Nils 2>&1 | sed "s/$id/ID/"
mien confirm dataset/stranger_2.jpg --label Olga --force; find dataset dataset_training -type f | sort
mien --json pending | jq -c '[.photo // .summary, .outcome]'
# Without the cache the same waits.
mien --json pending > before; rm pending.mien*; mien --json pending | cmp - before && echo the same
mien confirm dataset/stranger_1.jpg --not-a-face; mien --json pending | tail -1
