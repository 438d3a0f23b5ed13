mien doctor | grep -E '^(ok|warning|bad)' | cut -f2 | cut -d: -f1; echo "exit ${PIPESTATUS[0]}"
echo junk > train.mien; mien doctor --json | jq -c 'select(.subject=="store") | [.health, .remedy]'
mien doctor > /dev/null; echo "exit $?"
