# Hostile names: what is printed can be pasted, says nothing to the terminal, and JSON has every byte.
mien train -q -d "$DATASET"
cp "$PHOTOS/stranger_1.jpg" ./-d.jpg; cp "$PHOTOS/stranger_1.jpg" $'e\x1b[31m\'\xff.jpg'
mien predict ./-d.jpg 2>&1 >/dev/null
mien predict -- -d.jpg 2>&1 >/dev/null
mien predict $'e\x1b[31m\'\xff.jpg' 2>&1 >/dev/null | tee hint | cat -v
eval "$(sed 's/.*to name it: //; s/NAME/Nils/' hint)" > /dev/null; echo "exit $?"
mien predict --json $'e\x1b[31m\'\xff.jpg' | jq -r .photo_hex
mien predict --json ./-d.jpg | jq -r .photo_hex
mkfifo pipe.jpg; head -c 2 pipe.jpg | od -An -tx1 & mien predict -q --draw pipe.jpg "$PHOTOS/ada_held_out_1.jpg" > /dev/null; wait; test -p pipe.jpg && echo "still there"
