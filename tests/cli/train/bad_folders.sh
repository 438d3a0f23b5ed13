mien train absent; echo "exit $?"
mkdir empty; mien train empty; echo "exit $?"
mkdir -p sad/ada; cp "$PHOTOS"/empty.jpg sad/ada; mien train sad; echo "exit $?"; ls
