cp -r "$DATASET" dataset_training
mien train -q
mien rename ada "Ada Byron"
ls dataset_training | head -2
mien list | head -3 | cut -f1,2
# The next training finds the same.
mien train -q; echo "exit $?"; mien list | cut -f1 | grep -i ada
mien undo -q >/dev/null; ls dataset_training | grep -i ada; mien list | cut -f1 | grep -i ada
