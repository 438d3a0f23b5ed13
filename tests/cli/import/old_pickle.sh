/usr/bin/python3 "$SUPPORT/make_pickles.py" .
mien import store_service_4.pickle; echo "exit $?"
mien import --encoder dlib --dry-run store_service_4.pickle; ls train.mien
mien import --encoder dlib store_service_4.pickle
mien import --encoder dlib store_service_4.pickle
# The same faces as numpy's arrays with a LabelEncoder, of another protocol
mien import --encoder dlib store_arrays_2.pickle --json | jq -c '.summary | [.records, .added, .present, .created, .changed]'
mien export -q | jq -c 'select(.label) | [.label, .photo, .box, .origin, (.encoding | length)]'
mien import --encoder sface store_service_4.pickle; echo "exit $?"
mien import --encoder dlib values_4.pickle; echo "exit $?"
