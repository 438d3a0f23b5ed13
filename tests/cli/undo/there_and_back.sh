# Undo takes the last change back; undoing that does it again; what cannot be undone is refused.
mkdir -p dataset_training && cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/
records() { mien stats --json | jq -c '[.encodings, .encodings_by_person]'; }
me() { sed "s/\t$(id -un)\t/\tME\t/"; }
mien train -q; records
mv dataset_training/bruno/1.jpg dataset_training/ada/from_bruno.jpg; rm -r dataset_training/ada/1.jpg; mien train -q; records
mien undo --dry-run | me; records
mien undo | me; records
mien undo -q; records
mien undo 3 --json | jq -c '[.change, .to, (.undone | length), .encodings]'; records
mien undo 9; echo "exit $?"
mien undo 5; echo "exit $?"
mien compact --forget-history --yes -q; mien undo; echo "exit $?"
mien undo --store absent.mien; echo "exit $?"
