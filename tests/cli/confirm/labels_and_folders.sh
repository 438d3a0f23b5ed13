# A label whose folder cannot be made in the workspace is refused; a folder that was made for nothing goes with undo.
mien train -q -d "$DATASET"; cp "$PHOTOS"/stranger_1.jpg .
mkdir -p dataset_training elsewhere; cp "$DATASET/Nora.jpg" dataset_training/; ln -s ../elsewhere dataset_training/Lnk
mien confirm stranger_1.jpg --label Nora.jpg; echo "exit $?"
mien confirm stranger_1.jpg --label Lnk; echo "exit $?"
mien confirm stranger_1.jpg --not-a-face | cut -f1; mien log 1 | cut -f5; mien stats | grep denials
mien verify stranger_1.jpg; echo "exit $?"
mien undo -q; mien confirm -q stranger_1.jpg --label Nils; mien undo -q; ls dataset_training elsewhere
mien confirm stranger_1.jpg --label Nils --face 0; echo "exit $?"
