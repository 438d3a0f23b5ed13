mien models | awk '{print $1, $2}'
mien models --json | jq -r 'select(.name=="starter") | [.state, .kind, .metric] | join(" ")'
mien models --card starter | cut -c1-30 | head -4
mien models --card absent; echo "exit $?"
mien models fetch absent; echo "exit $?"
