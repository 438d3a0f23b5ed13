# The review on a real terminal: names with editing and completion, skip, no face, deny, undo, Ctrl-C; all of it durable at once.
mien train -q -d "$DATASET"; mkdir dataset
cp "$PHOTOS"/stranger_[1-4].jpg dataset/; cp "$PHOTOS/ada_held_out_1.jpg" dataset/z.jpg
cat > talk.py <<'PY'
import json, os, signal, subprocess, sys
sys.path.insert(0, os.environ["SUPPORT"])
from terminal import Terminal

def waiting():
    lines = subprocess.run(["mien", "--json", "pending"], stdout=subprocess.PIPE, check=True).stdout.splitlines()
    return json.loads(lines[-1])["summary"]["faces"]

def photos():
    return sorted(os.path.relpath(os.path.join(d, f)) for top in ("dataset", "dataset_training") for d, _, fs in os.walk(top) for f in fs)

def prompt(t):
    t.expect("?: help)? ")

print("waiting", waiting())
t = Terminal(["mien", "confirm"])
prompt(t); t.type("?\r"); t.expect("one by one")
prompt(t); t.type("Nils Bohr\x7f\x7f\x7f\x7fHolm\r"); t.expect("somebody new [y/N]? "); t.type("y\r"); t.expect("confirmed\t"); print("named, waiting", waiting())
prompt(t); t.type("u\r"); t.expect("undone"); print("undone, waiting", waiting(), os.path.exists("dataset_training/Nils Holm/stranger_1.jpg"))
prompt(t); t.type("Nils Holm\r"); t.expect("somebody new"); t.type("n\r")
prompt(t); t.type("Nils Holm\r"); t.expect("somebody new"); t.type("y\r"); t.expect("confirmed\t")
prompt(t); t.type("\r")                                         # skip
prompt(t); t.type("n\r"); t.expect("not_a_face\t")
prompt(t); t.type("!Nils\t\r"); t.expect("confirmed\t")          # completed
prompt(t); t.type("d\r"); t.expect("denied\t")
prompt(t); t.type("x\r"); t.expect("one by one")
prompt(t); t.type("half a na\x03")
print("exit", t.status()); print("left", waiting())
print("\n".join(photos()))
t = Terminal(["mien", "confirm"]); prompt(t); t.signal(signal.SIGTERM); print("terminated", t.status())
t = Terminal(["mien", "confirm"]); prompt(t); t.type("\x04"); print("end of input", t.status())
t = Terminal(["mien", "confirm"], {"COLORTERM": "truecolor"}); t.expect("\u2580"); prompt(t); t.type("q\r"); print("pictures", t.status())
t = Terminal(["mien", "--json", "confirm", "--no-pictures"], {"COLORTERM": "truecolor"}); prompt(t); t.type("Olga Zo\u00e9\r"); t.expect("[y/N]? "); t.type("yes\r"); t.expect('"label":"Olga Zo\u00e9"'); t.type("q\r"); print("json", t.status(), "\u2580" in t.seen)
PY
python3 talk.py; mien --json predict "$PHOTOS/stranger_1.jpg" | jq -r .faces[0].label
