# What confirm does not do, and what it says then; nothing is left behind.
mien train -q -d "$DATASET"
for label in ../x .x a/b "" "$(printf 'a\nb')" "$(head -c 300 /dev/zero | tr '\0' a)"; do
  mien confirm "$PHOTOS/stranger_1.jpg" --label "$label" 2>&1 | cut -c1-100; echo "exit ${PIPESTATUS[0]}"
done
mien confirm "$PHOTOS/stranger_1.jpg"; echo "exit $?"
mien confirm "$PHOTOS/stranger_1.jpg" --label Nils --not ada; echo "exit $?"
mien confirm "$PHOTOS/stranger_1.jpg" --face 2 --label Nils; echo "exit $?"
mien confirm "$PHOTOS/stranger_1.jpg" --box 1,2,3 --label Nils; echo "exit $?"
mien confirm "$PHOTOS/stranger_1.jpg" --box 0,0,9,9 --label Nils; echo "exit $?"
mien confirm "$PHOTOS/nobody.jpg" --label Nils; echo "exit $?"
mien confirm "$PHOTOS/truncated.jpg" --label Nils; echo "exit $?"
mien confirm absent.jpg --label Nils; echo "exit $?"
mien confirm "$PHOTOS/ada_held_out_1.jpg" --label Nils 2>&1 | sed 's/distance #/D/'; echo "exit $?"
mien confirm "$PHOTOS/stranger_1.jpg" --not Nobody; echo "exit $?"
mien confirm "$DATASET/ada/1.jpg" --label bruno; echo "exit $?"
mien confirm "$DATASET/ada/1.jpg" --not ada; echo "exit $?"
mien confirm "$DATASET/ada/1.jpg" --not-a-face; echo "exit $?"
mien confirm; echo "exit $?"
mien confirm --cluster 12345678 --label Nils; echo "exit $?"
ls -d dataset* 2>/dev/null
