# A second run decodes nothing and leaves the store alone; a renamed photo is known by its content; a removed one goes.
mkdir -p dataset_training && cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/
mien train --quiet; before=$(sha256sum < train.mien)
mien train | tail -1
[ "$before" = "$(sha256sum < train.mien)" ] && echo same bytes
mv dataset_training/ada/1.jpg dataset_training/ada/renamed.jpg
mien train | tail -1
rm dataset_training/bruno/1.jpg
mien train | tail -1
