# An erasure cannot be undone, and undo says so; what came before it still can, but for the person.
mkdir dataset_training && cp -r "$DATASET"/ada "$DATASET"/bruno dataset_training/ && mien train -q
me() { sed "s/\t$(id -un)\t/\tME\t/"; }
mien rename -q bruno "Bruno B" > /dev/null; mien forget -q --yes ada
mien undo; echo "exit $?"
mien restore --at 2; echo "exit $?"
mien log | wc -l
mien undo --dry-run 2 | me
mien undo 2 --json | jq -c '[(.undone | map(.change)), (.kept | map(.change)), .people]'; mien list
