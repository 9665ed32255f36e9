# shellcheck shell=bash
# How sanitized programs behave while they are tested; sourced.

# set_sanitizer_options [PREFIX]: every report ends its process, and stands in a file PREFIX.PID if
# a prefix is given (else in the error output). Any such file is a failure, whoever started the
# process and whatever it made of its exit status.
set_sanitizer_options() {
  local common="halt_on_error=1:symbolize=1${1:+:log_path=$1}"
  local symbolizer=/usr/bin/llvm-symbolizer-19
  export ASAN_OPTIONS="$common:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:external_symbolizer_path=$symbolizer"
  export UBSAN_OPTIONS="$common:print_stacktrace=1:external_symbolizer_path=$symbolizer"
  export LSAN_OPTIONS="report_objects=0"
  export TSAN_OPTIONS="$common:suppressions=$root/tools/dev/tsan.supp:print_suppressions=0:second_deadlock_stack=1:history_size=4:external_symbolizer_path=$symbolizer"
}
