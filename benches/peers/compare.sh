#!/bin/sh
# The same canary model on coalmine, nexosim and SimPy, in CPU time a request. By hand, on a machine
# with little else to do: ./compare.sh [ROUNDS]. Needs cargo, and python3 with simpy (PYTHON=...).
set -eu
cd "$(dirname "$0")"
rounds=${1:-3}
python=${PYTHON:-python3}
(cd ../.. && cargo bench --quiet --bench requests --no-run)
cargo build --quiet --release --manifest-path nexosim/Cargo.toml
target=${CARGO_TARGET_DIR:-nexosim/target}

ns() { sed -n 's/.*: \([0-9]*\) ns a request.*/\1/p'; }

for round in $(seq "$rounds"); do
    coalmine=$(cd ../.. && cargo bench --quiet --bench requests -- --engine-only)
    nexosim=$("$target/release/nexosim-canary" 300)
    simpy=$("$python" simpy_canary.py 30)
    printf '%s\n%s\n%s\n' "$coalmine" "$nexosim" "$simpy"
    echo "$(echo "$nexosim" | ns) $(echo "$simpy" | ns) $(echo "$coalmine" | ns)" |
        awk -v round="$round" '{ printf "round %d: nexosim / coalmine %.1f (goal 4), SimPy / coalmine %.0f (goal 65)\n",
            round, $1 / $3, $2 / $3 }'
done
