# Nothing of the altered copies of a face is left either, in no state that the store was ever in.
mien train "$DATASET" -q --matcher svm --svm-c 10 --svm-gamma 0.5 --augment 2
mien export -q --format jsonl > all
mien train "$DATASET" -q --augment 1; mien undo -q > /dev/null; mien compact -q > /dev/null
mien forget --yes ada --keep-photos --json | jq -c '[.encodings, .traces]'
/usr/bin/python3 - <<'PY'
import glob, json, os, struct
# The extras of the records are in the order of their names; those that are gone now were Ada's.
lines = [json.loads(line) for line in open("all")]
then = {line["extra"]: bytes.fromhex(line["hex"]) for line in lines if line.get("extra", "").startswith("augmented.")}
now = {json.loads(line)["extra"] for line in os.popen("mien export -q --format jsonl") if '"extra":"augmented.' in line}
ada = [blob for name, blob in then.items() if name not in now]
print(len(then), len(now), len(ada))
pieces = {blob[i:i + 16] for blob in ada for i in range(0, len(blob) - 15, 16)}
files = [f for f in glob.glob("train.mien*") + glob.glob("train.mien*/**", recursive=True) if os.path.isfile(f)]
print(len(pieces) > 0, sum(piece in open(f, "rb").read() for f in files for piece in pieces))
PY
mien undo -q > /dev/null; mien list | grep -c ada
