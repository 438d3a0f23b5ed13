# --far is for 1:1 and leaves the threshold of 1:N alone.
mien train "$DATASET" -q
mien calibrate --far 0.001; echo "exit $?"
mien calibrate --far 0.05 --fpir 0.2; echo "exit $?"
mien calibrate --far 0.05 --dry-run
mien stats --json | jq -c .pair_calibration
mien calibrate --far 0.05 --json | jq -c '[keys, .pair_calibration.people, .pair_calibration.pairs, .pairs_before]'
mien stats --json | jq -c '[.threshold_from, .calibration, .pair_calibration.far]'; mien stats | grep 1:1
both() {
    mien stats --json | jq -c '[.threshold, (.pair_calibration.threshold * 10000 | round / 10000)]' > wanted
    { mien predict --json "$PHOTOS"/ada_held_out_1.jpg; mien verify --json --user ada "$PHOTOS"/ada_held_out_1.jpg; } |
        jq -sc '[.[].threshold]' | cmp - wanted && jq -c '.[0] != .[1]' wanted
}
both
mien calibrate --fpir 0.2 -q; both
mien calibrate --far 0.1 --json | jq -c '[.pairs_before.far, .calibration]'; both
mien calibrate --remove; mien stats --json | jq -c '[.calibration, .pair_calibration]'
mien undo; mien stats --json | jq -c '[.calibration.fpir, .pair_calibration.far]'
# Confidences of 1:1 are of their own curve, and agree with the verdict.
mien train "$DATASET" -q; mien calibrate --remove -q; mien calibrate --far 0.05 -q
mien verify --json --user ada "$PHOTOS"/ada_held_out_1.jpg | jq -c '[.verdict, .confidence_kind, .confidence > 0.5]'
mien verify --json --user bruno "$PHOTOS"/ada_held_out_1.jpg | jq -c '[.verdict, .confidence_kind, .confidence < 0.5]'
mien verify --json "$PHOTOS"/ada_held_out_1.jpg | jq -c .confidence_kind
