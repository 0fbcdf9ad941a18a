#!/usr/bin/env bash
# A serious version of each photo in which the largest face smiles.
#
#     examples/pipeline.sh PHOTOS OUT
#
# Finds photos, looks at them, edits those whose largest face is happy, and lists what failed.
# OUT gets faces.jsonl, report.jsonl, failed.txt and the edited photos in edited/.
# Photos of one name in two folders would overwrite each other in edited/: faceedit refuses them (2).
# Exit codes are faceedit's own: 0 all done, 1 some photos failed, 2 wrong usage, 3 something missing.
set -uo pipefail
photos=${1:?usage: pipeline.sh PHOTOS OUT}
out=${2:?usage: pipeline.sh PHOTOS OUT}
python=${PYTHON:-python3}
mkdir -p "$out"

# 1. Names may hold spaces and newlines, so they are separated by NUL.
mapfile -d '' -t found < <(find "$photos" -type f \( -iname '*.jpg' -o -iname '*.png' \) -print0 | sort -z)
if ((${#found[@]} == 0)); then
    echo "no photos in $photos" >&2
    exit 2
fi

# 2. One JSON object per photo goes to stdout, messages go to stderr.
faceedit analyze --quiet --json -- "${found[@]}" > "$out/faces.jsonl"
code=$?
((code > 1)) && exit "$code" # 1: some could not be read; the others are in the file

# 3. Choose: photos whose largest face, the first in the list, is happy.
mapfile -d '' -t chosen < <(
    "$python" - "$out/faces.jsonl" << 'END'
import json
import sys

for line in open(sys.argv[1], encoding="utf-8"):
    photo = json.loads(line)
    if photo["faces"] and photo["faces"][0]["expression"]["name"] == "happy":
        sys.stdout.write(photo["input"] + "\0")
END
)
echo "${#chosen[@]} of ${#found[@]} photos will be edited" >&2

# 4. Edit. The same command again does only what is not done yet.
edited=0
: > "$out/report.jsonl"
if ((${#chosen[@]})); then
    faceedit apply --quiet --json -t neutral --faces largest --min-identity 0.7 \
        -o "$out/edited/" --manifest -- "${chosen[@]}" > "$out/report.jsonl"
    edited=$?
    ((edited > 1)) && exit "$edited"
fi

# 5. List what failed, in either step, with the reason.
"$python" - "$out/faces.jsonl" "$out/report.jsonl" > "$out/failed.txt" << 'END'
import json
import sys

for name in sys.argv[1:]:
    for line in open(name, encoding="utf-8"):
        photo = json.loads(line)
        if photo["outcome"] == "failed":
            print(photo["input"], photo["reason"], sep="\t")
END
exit $((code > edited ? code : edited))
