# Ends the stack's children when the stack itself was killed and could not: its end closes our standard input.
# Reads lines `<signal> <process id>` for a child that began and `gone <process id>` for one that ended.
trap '' INT TERM HUP
alive=
while read -r verb pid; do
  rest=
  for entry in $alive; do
    case $entry in *:"$pid") ;; *) rest="$rest $entry" ;; esac
  done
  alive=$rest
  [ "$verb" = gone ] || alive="$alive $verb:$pid"
done
for entry in $alive; do
  kill -s "${entry%%:*}" "${entry##*:}"
done
