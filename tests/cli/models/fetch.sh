# From a mirror on this machine: wrong bytes are refused and nothing is left behind; a network that is down says so.
mkdir www out; echo wrong > www/face_detection_yunet_2023mar.onnx
python3 "$SUPPORT"/file_server.py www > port & server=$!
for _ in $(seq 600); do [ -s port ] && break; sleep 0.05; done; port=$(head -1 port)
mien models fetch yunet --to out --mirror "http://127.0.0.1:$port" 2>&1 | sed "s/$port/PORT/g"; echo "exit ${PIPESTATUS[0]}"
ls -A out; kill $server; wait $server 2>/dev/null
mien models fetch yunet --to out --mirror "http://127.0.0.1:1" > message 2>&1; echo "exit $?"
grep -c 127.0.0.1 message
