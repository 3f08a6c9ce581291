# Settings in .env, and what they default to.

# The value of a variable in .env, or else in the example.
setting() {
  local file line
  for file in "$ENV_FILE" "$EXAMPLE"; do
    [[ -f $file ]] || continue
    line=$(grep -m1 "^$1=" "$file") || continue
    printf '%s' "${line#*=}"
    return
  done
}
is_set() { [[ -f $ENV_FILE ]] && grep -q "^$1=." "$ENV_FILE"; }

# Writes a variable into .env; the file is whole at any moment.
put() {
  local written
  written=$(mktemp "$ENV_FILE.XXXXXX")
  NAME=$1 VALUE=$2 awk '
    index($0, ENVIRON["NAME"] "=") == 1 { print ENVIRON["NAME"] "=" ENVIRON["VALUE"]; found = 1; next }
    { print }
    END { if (!found) print ENVIRON["NAME"] "=" ENVIRON["VALUE"] }
  ' "$ENV_FILE" >"$written"
  chmod 600 "$written"
  mv "$written" "$ENV_FILE"
}
