cp -r "$DATASET" dataset_training
mkdir dataset_reserve && cp -r "$DATASET"/ada dataset_reserve/ada
mien train -q
mien rename -q ada "Ada B" >/dev/null
mien enroll -q --user "Ada B" --quality 0 "$PHOTOS"/ada_held_out_1.jpg >/dev/null
mien forget "Ada B"; echo "exit $?"
mien forget --dry-run "Ada B" | tail -1
mien export --format jsonl | jq -c 'select(.label == "Ada B") | .encoding' > encodings
mien forget --yes "Ada B" --json | jq -c '[.encodings, (.photos | length), .traces]'
wc -l < encodings
# Looked for independently: no number sequence of theirs is left in any file of the store.
/usr/bin/python3 - <<'PY'
import glob, json, os, struct
pieces = set()
for line in open("encodings"):
    raw = b"".join(struct.pack("<f", x) for x in json.loads(line))
    pieces.update(raw[i:i + 16] for i in range(0, len(raw) - 15, 16))
files = [f for f in glob.glob("train.mien*") + glob.glob("train.mien*/**", recursive=True) if os.path.isfile(f)]
print(len(pieces) > 0, sum(piece in open(f, "rb").read() for f in files for piece in pieces))
PY
mien list | grep -ci ada
ls -d dataset_training/[Aa]da* dataset_reserve/ada 2>/dev/null
mien log | grep -ci "ada b"
mien forget --yes "Ada B"; echo "exit $?"
# What was hers alone is gone for good: an undo of it says so, and she does not come back.
mien undo 2 -q; mien list | grep -ci ada
