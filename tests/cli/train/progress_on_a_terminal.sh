# A bar with rate and remaining time where a person looks; nothing in a pipe.
python3 - <<'PY'
import os, pty
seen = b""
def read(fd):
    global seen
    data = os.read(fd, 4096)
    seen += data
    return b""
os.environ["TERM"] = "xterm"
pty.spawn(["mien", "train", os.environ["DATASET"]], read)
print("bar" if b"photos/s" in seen and b" left" in seen else "no bar")
PY
mien train "$DATASET" --rebuild 2> conversation > /dev/null; wc -c < conversation
