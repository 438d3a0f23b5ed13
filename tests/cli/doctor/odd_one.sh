cp -r "$DATASET" dataset_training; cp "$PHOTOS"/stranger_1.jpg dataset_training/ada/9.jpg
mien train -q; mien doctor --gallery --json | jq -r 'select(.kind == "odd_one") | .remedy' | tee remedy
bash -e remedy; mien doctor --gallery --json | jq -r 'select(.kind == "odd_one")'
