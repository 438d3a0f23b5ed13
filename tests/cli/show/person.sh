cp -r "$DATASET" dataset_training
mien train -q
mien show ada
mien show ada --json | jq -c '[.label, .encodings, .records[0].origin, (.records[0].quality > 0.5), .records[0].box]'
mien show addaa; echo "exit $?"
