#!/bin/sh
# The whole road on simulated recordings, by the same commands that a user types.
# Usage: sh scripts/demo.sh FOLDER        (the folder's contents are replaced)
set -eu

folder=${1:-demo}
rm -rf "$folder"

run() {
  printf '\n$ %s\n' "$*"
  "$@"
}

echo "No mouse was harmed: the recordings of this demo are simulated."
run nuzzle simulate "$folder/data" --recordings 16 --minutes 3 --seed 1
run nuzzle init "$folder/manifest.csv" --calms21 "$folder/data/*.json"
run nuzzle inspect "$folder/data/calms21_task1_train.json"
# Few epochs of few windows: enough to see it learn, in minutes. Leave both out for real data.
run nuzzle train "$folder/manifest.csv" --out "$folder/model.nuzzle" \
  --epochs 4 --set training.epoch_windows=6400 --set training.val_stride=10
run nuzzle evaluate "$folder/model.nuzzle" "$folder/manifest.csv" --split test \
  --out "$folder/test" --json "$folder/test.json"
run nuzzle predict "$folder/model.nuzzle" "$folder/data/calms21_task1_test.json" \
  --out "$folder/predictions"
run nuzzle report "$folder/test"

cat <<END

Done, on simulated recordings. Open the report in a browser: $folder/test/report.html
What was predicted, bout by bout:                            $folder/predictions
To do the same with your own recordings, start with:         nuzzle init --help
END
