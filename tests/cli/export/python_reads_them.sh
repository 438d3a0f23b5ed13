mien train "$DATASET" -q > /dev/null
mien export -q --format pickle > train.pickle
mien export -q --format npz > train.npz
mien export -q > train.jsonl
mien export -q --format csv > train.csv
/usr/bin/python3 - <<'PYTHON'
import csv, json, pickle
import numpy
from sklearn.preprocessing import LabelEncoder

lines = [json.loads(line) for line in open("train.jsonl", encoding="utf-8")]
faces = [line for line in lines if "label" in line]
wanted = numpy.array([face["encoding"] for face in faces], dtype=numpy.float32)

# As the old service looks at its pickle
data = pickle.load(open("train.pickle", "rb"))
encoder = LabelEncoder()
encoder.classes_ = numpy.array(data["label_encoder"].get("classes_"))
names = encoder.inverse_transform([entry["label"] for entry in data["encodings"]])
print("pickle", [name for name in names] == [face["label"] for face in faces],
      (numpy.array([entry["encoding"] for entry in data["encodings"]]).astype(numpy.float32) == wanted).all(),
      data["encodings"][0]["imagePath"] == faces[0]["photo"], len(data["encodings"][0]["loc"]))

arrays = numpy.load("train.npz", allow_pickle=False)
print("npz", (arrays["encodings"] == wanted).all(), arrays["encodings"].dtype, arrays["boxes"].shape,
      list(arrays["labels"]) == [face["label"] for face in faces], arrays["encoder"], arrays["times"].dtype,
      list(arrays["sha256"]) == [face["sha256"] for face in faces])

rows = list(csv.DictReader(open("train.csv", encoding="utf-8", newline="")))
print("csv", (numpy.array([[row[f"e{i}"] for i in range(128)] for row in rows]).astype(numpy.float32) == wanted).all(),
      [row["photo"] for row in rows] == [face["photo"] for face in faces])
PYTHON
