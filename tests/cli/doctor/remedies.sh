# Each remedy does in a shell, as it is printed, what it says: afterwards its finding is gone.
mkdir 'my faces'; cp -r "$DATASET" 'my faces/dataset_training'; cd 'my faces/dataset_training'
mkdir both; for n in 1 2 3 4 5; do mv bruno/$n.jpg both; mv ada/$n.jpg both/a$n.jpg; done; rmdir ada bruno  # two people
mkdir ./'-chiara two'; mv chiara/4.jpg chiara/5.jpg ./'-chiara two'  # one person
mv liam/5.jpg priya/l5.jpg                                              # a wrong label
for name in liam/2 dario/3; do { cat $name.jpg; echo; } > "$name copy.jpg"; done
{ cat Nora.jpg; echo; } > Zora.jpg
cd ../..
train() { mien train -q --workspace 'my faces' -o 'my faces/s.mien' --faces largest > /dev/null; }
look() { mien doctor --workspace 'my faces' --gallery -s 'my faces/s.mien' --json; }
train
for kind in same_photo mislabel one_person two_people near_identical; do
    look | jq -r "select(.kind == \"$kind\") | .remedy" > all
    echo "$kind: $(wc -l < all)"
    while [ -s all ]; do
        head -1 all > remedy; cat remedy
        bash -e remedy > said 2>&1 || { echo "failed: $?"; cat said; break; }
        tail -n +2 all > rest; look | jq -r "select(.kind == \"$kind\") | .remedy" > all
        grep -Fxf remedy all && break
    done
done
mien doctor --workspace 'my faces' --gallery -s 'my faces/s.mien' --json | jq -r 'select(.kind == "weak") | .remedy' > weak; bash -e weak | wc -l
