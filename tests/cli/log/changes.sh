# Every change is told with who, when and what; the newest first.
me() { sed "s/\t$(id -un)\t/\tME\t/"; }
mkdir -p dataset_training && cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/
mien log; echo "exit $?"
mien train -q; rm dataset_training/ada/1.jpg; mien train -q; mien train -q
mien log | me
mien log 1 --json | jq -c 'del(.user)'
mien compact -q; mien log --all | me
mien log 0; echo "exit $?"
