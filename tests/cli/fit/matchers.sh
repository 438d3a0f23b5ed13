mien fit; echo "exit $?"
mien train "$DATASET" -q
mien fit --matcher svm --svm-c 10 --svm-gamma 0.5
mien fit --matcher svm --svm-c 10 --svm-gamma 0.5 --json | jq -c '[.matcher, .method, .people, .encodings, .changed]'
mien predict --json "$PHOTOS/ada_held_out_1.jpg" | jq -c '[.method, .faces[0].label, (.faces[0].candidates[0].probability > 0.5)]'
for matcher in nearest centroid label-propagation; do
    mien fit --matcher $matcher
    mien predict --json "$PHOTOS/ada_held_out_1.jpg" | jq -c '[.method, .faces[0].label]'
    mien predict --json "$PHOTOS/stranger_1.jpg" | jq -c '[.method, .verdict]'
done
mien fit --matcher nearest --vote mean -q; mien fit
mien train "$DATASET" | tail -1 | grep -o 'nothing changed'
