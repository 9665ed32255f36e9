#!/usr/bin/env bash
# ./dev new-policy NAME: writes src/policy/<name>/ from tools/dev/new_policy/ and its line in
# src/policy/stages.h. NAME is the kind as configurations write it: `rateLimit`.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kind=${1:-}
[[ $# -eq 1 ]] || die "new-policy: found $# arguments, expected one name such as rateLimit"
[[ $kind =~ ^[a-z][a-zA-Z0-9]{1,39}$ ]] ||
  die "new-policy: found '$kind', expected a name in camelCase such as rateLimit"
[[ ! $kind =~ Polic(y|ies)$ ]] ||
  die "new-policy: found '$kind', expected the kind alone: its section is named ${kind%Polic*}Policies"

class=${kind^}
folder=$(sed -E 's/([a-z0-9])([A-Z])/\1_\2/g; s/([A-Z])([A-Z][a-z])/\1_\2/g' <<<"$kind")
folder=${folder,,}
stages=src/policy/stages.h

[[ ! -e src/policy/$folder ]] || die "new-policy: there is src/policy/$folder already"
for name in "$class" "${class}Config"; do
  # Not only policies: all of src/ is one namespace.
  if taken=$(grep -RrElw --include='*.h' "(class|struct|enum|using) $name" src | head -n 1) && [[ -n $taken ]]; then
    die "new-policy: found '$kind', expected another name: $taken has a $name"
  fi
done
command -v clang-format-19 >/dev/null || need check

mkdir "src/policy/$folder"
for template in tools/dev/new_policy/policy*.in; do
  name=$(basename "$template" .in)
  file=src/policy/$folder/${name/#policy/$folder}
  sed "s/@Class@/$class/g; s/@folder@/$folder/g; s/@kind@/$kind/g" "$template" >"$file"
  [[ $file == *.md ]] || clang-format-19 -i "$file"
  say "$file"
done

# Its include, which clang-format puts in order, and its line behind the others'.
sed -i -E "0,/^#include \"policy\//s//#include \"policy\/$folder\/$folder.h\"\n&/
  s/^    (\w+)>;$/    \1,  \/\/\n    $class>;/" "$stages"
clang-format-19 -i "$stages"
grep -q "^    $class>;" "$stages" || die "new-policy: $stages does not list its kinds as it used to: add $class by hand"
say "$stages"
say "Its test says what to do next: cmake --build build/debug --target policy_test && build/debug/src/policy_test --gtest_filter='$class*'"
