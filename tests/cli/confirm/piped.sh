# A batch may come through a pipe or a process substitution.
mien train -q -d "$DATASET"; cp "$PHOTOS"/stranger_[12].jpg .
echo 'stranger_1.jpg,1,Nils' | cat | mien confirm --batch -; echo "exit $?"
mien confirm --batch <(echo 'stranger_2.jpg,1,Olga'); echo "exit $?"
mien import --encoder starter <(echo 'label,e0'); echo "exit $?"
