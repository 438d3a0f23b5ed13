# A calibration serves the matcher that was measured and no other.
mien train "$DATASET" -q
mien calibrate --fpir 0.2 -q; mien stats --json | jq -c '[.threshold_from, .calibration.matcher]'
asked() { mien predict --json "$PHOTOS"/ada_held_out_1.jpg "$@" | jq -c '[.method, .faces[0].confidence_kind]'; }
asked; asked --vote mean; asked --matcher centroid
mien train "$DATASET" -q --matcher svm --svm-c 10 --svm-gamma 0.5
asked; mien stats --json | jq -c .threshold_from
mien calibrate --fpir 0.2 --json | jq -c '[.calibration.matcher, .calibration.stranger_people, .calibration.known_photos, .before.fpir]'
asked; asked --matcher nearest
for matcher in centroid label-propagation 'nearest --vote mean'; do
    mien fit -q --matcher $matcher; mien calibrate --fpir 0.2 --json | jq -c '[.calibration.matcher, .calibration.known_photos]'
    asked
done
