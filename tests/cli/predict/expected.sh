# Every photo of tests/data/photos answers as its expected.json says, with nothing but what the program brings along.
mien train "$DATASET" -q
mien predict --json "$PHOTOS" > answers.jsonl
python3 - <<'PY'
import json, os
expected = json.load(open(os.path.join(os.environ["PHOTOS"], "expected.json")))
expected = expected.get("photos", expected)
checked = 0
for line in open("answers.jsonl"):
    answer = json.loads(line)
    name = os.path.basename(answer["photo"])
    wanted = expected.get(name)
    if wanted is None:
        print("not in expected.json:", name)
        continue
    labels = [face["label"] for face in answer["faces"]]
    allowed = wanted.get("verdict_any") or [wanted.get("verdict", "known")]
    good = answer["verdict"] in allowed
    if "faces" in wanted:
        good = good and labels == [face.get("label") for face in wanted["faces"]]
    elif wanted.get("label") and answer["verdict"] == "known":
        good = good and wanted["label"] in labels
    checked += 1
    if not good:
        print(name, answer["verdict"], labels, "wanted", wanted)
print(checked > 60)
PY
