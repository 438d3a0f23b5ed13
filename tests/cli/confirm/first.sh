# Before anything was trained: the first confirmation makes the store.
mien --json confirm "$PHOTOS/ada_held_out_1.jpg" --label Ada | jq -c '[.outcome, .label, .change]'
mien predict "$PHOTOS/ada_held_out_2.jpg" --top 1 | cut -d' ' -f2
stat -c %a train.mien dataset_training/Ada/ada_held_out_1.jpg
