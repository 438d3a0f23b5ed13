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
# Those of the svm, too; in the environment they are for whoever has one.
mien fit --matcher nearest --svm-c 1; echo "exit $?"
mien predict --matcher centroid --svm-kernel linear "$PHOTOS/ada_held_out_1.jpg"; echo "exit $?"
mien train one -o two.mien --svm-gamma 1; echo "exit $?"
mien train one -o two.mien -q --vote 3; SVM_C=1 mien fit -s two.mien
mien fit -q --svm-c 1; mien fit --json | jq -c .matcher
# Copies of faces are for the svm alone.
mien train "$DATASET" --matcher label-propagation --augment 2; echo "exit $?"
