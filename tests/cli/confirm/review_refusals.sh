# A name that cannot be a folder's is refused before anybody is asked about it; only a lookalike can be insisted on.
mien train -q -d "$DATASET"; mkdir dataset; cp "$PHOTOS/ada_held_out_1.jpg" dataset/
cat > talk.py <<'PY'
import os, sys
sys.path.insert(0, os.environ["SUPPORT"])
from terminal import Terminal
t = Terminal(["mien", "confirm", "--no-pictures"])
t.expect("?: help)? "); t.type("../etc\r"); t.expect("names a folder"); print("insists" in t.expect("?: help)? "), "somebody new" in t.seen)
t.type("bruno\r"); t.expect("looks like ada"); t.expect("here: !NAME insists"); t.expect("?: help)? ")
t.type("q\r"); print(t.status())
PY
python3 talk.py
