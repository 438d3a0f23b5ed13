# Ctrl-C at the question is no answer.
mkdir dataset_training && cp -r "$DATASET/ada" dataset_training/ && mien train -q
cat > talk.py <<'PY'
import os, sys, time
sys.path.insert(0, os.environ["SUPPORT"])
from terminal import Terminal
t = Terminal(["mien", "forget", "ada"]); t.expect("[y/N] "); time.sleep(0.5); t.type("\x03"); print(t.status())
t = Terminal(["mien", "forget", "ada"]); t.expect("[y/N] "); t.type("n\r"); print(t.status())
PY
python3 talk.py; mien list
