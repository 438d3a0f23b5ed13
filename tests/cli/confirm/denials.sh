# What operators deny changes later verdicts.
mien train -q -d "$DATASET"
mien predict "$PHOTOS/ada_held_out_1.jpg" --top 1 | cut -d' ' -f2
mien confirm "$PHOTOS/ada_held_out_1.jpg" --not ada; echo "exit $?"
mien confirm "$PHOTOS/ada_held_out_1.jpg" --not ada; echo "exit $?"
mien --json predict "$PHOTOS/ada_held_out_1.jpg" | jq -c '[.verdict, (.faces[0].label // "-")]'
mien --json predict "$PHOTOS/bruno_held_out_1.jpg" | jq -c '[.verdict, .faces[0].label]'
mien confirm "$PHOTOS/ada_held_out_1.jpg" --label ada; echo "exit $?"
mien --json predict "$PHOTOS/ada_held_out_1.jpg" | jq -c '[.verdict, .faces[0].label]'
mien confirm "$PHOTOS/stranger_3.jpg" --not-a-face; echo "exit $?"
mien --json predict "$PHOTOS/stranger_3.jpg" | jq -c '[.verdict, (.faces | length)]'
ls dataset_training
