mien train "$DATASET" -q
mien calibrate; echo "exit $?"
mien calibrate --fpir 0.2 --dry-run | tail -1
mien stats --json | jq -c '[.threshold_from, .calibration]'
mien calibrate --fpir 0.2 --json | jq -c '[.calibration.fpir, .calibration.gallery_people, .calibration.stranger_people, .calibration.known_photos, .before]'
mien stats --json | jq -c '[.threshold_from, .calibration.fpir, .threshold == (.calibration.threshold * 10000 | round / 10000)]'
mien predict --json "$PHOTOS"/ada_held_out_1.jpg | jq -c '[.faces[0].confidence_kind, .faces[0].confidence > 0.5]'
mien predict --json --tolerance 0.01 "$PHOTOS"/ada_held_out_1.jpg | jq -c '[.threshold == 0.01, .faces[0].confidence_kind]'
mien train "$DATASET" -q; mien stats --json | jq -c .threshold_from
mien calibrate --fpir 0.2 --impostors "$DATASET"; echo "exit $?"
mien calibrate --remove; mien stats --json | jq -c '[.threshold_from, .calibration]'
mien calibrate --store nowhere.mien; echo "exit $?"
