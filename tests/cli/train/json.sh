# One line a photo, then the summary.
mkdir -p dataset_training/ada && cp "$PHOTOS"/ada_held_out_1.jpg dataset_training/ada/
cp "$PHOTOS"/truncated.jpg "$PHOTOS"/group.jpg "$PHOTOS"/nobody.jpg dataset_training/ada/
cp "$PHOTOS"/ada_held_out_1.jpg dataset_training/ada/copy.jpg
mien train --json
