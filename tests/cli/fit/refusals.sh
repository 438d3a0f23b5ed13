mien fit --matcher clever; echo "exit $?"
mien fit --vote most; echo "exit $?"
mien train "$DATASET" -q --matcher svm --svm-c 1 --svm-gamma 1; mien predict --json "$PHOTOS/ada_held_out_1.jpg" | jq -c '[.method, .faces[0].label]'
mien fit --vote mean; echo "exit $?"
mkdir one; cp -r "$DATASET/ada" one/; mien train one -o one.mien -q
mien fit -s one.mien --matcher svm
mien predict -s one.mien --json "$PHOTOS/ada_held_out_1.jpg" | jq -c '[.method, .faces[0].label]'
SVM_C=0 mien fit; echo "exit $?"
# An option of another matcher is refused, whoever is asked.
mien fit -q --matcher svm --svm-c 1 --svm-gamma 1
mien predict --vote mean "$PHOTOS/ada_held_out_1.jpg"; echo "exit $?"
mien train "$DATASET" --matcher centroid --vote 3; echo "exit $?"
