# Which compilers may build Penstock, and with which flags.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines (a co_await in a condition may never "
    "start its body, lambdas inside a co_await expression are destroyed twice). "
    "Use clang 19 (`./dev build` does) or g++ 14 and newer.")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Wimplicit-fallthrough -Werror -fno-omit-frame-pointer)

set(PENSTOCK_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")
if(PENSTOCK_SANITIZE)
  add_compile_options(-fsanitize=${PENSTOCK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PENSTOCK_SANITIZE})
  add_compile_definitions(PENSTOCK_SANITIZED=1)
endif()

option(PENSTOCK_FUZZ "Build the libFuzzer targets" OFF)
if(PENSTOCK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

option(PENSTOCK_COVERAGE "Count which lines and branches run" OFF)
if(PENSTOCK_COVERAGE)
  # Paths relative to the build, whose checkout ccache does not ask about.
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping -fcoverage-compilation-dir=.)
  add_link_options(-fprofile-instr-generate)
endif()

option(PENSTOCK_LTO "Link with ThinLTO" OFF)
if(PENSTOCK_LTO)
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/lto-cache)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
  # The archiver has to read what this very compiler writes: an older llvm-ar refuses it.
  string(REGEX MATCH "^[0-9]+" clang_major "${CMAKE_CXX_COMPILER_VERSION}")
  find_program(PENSTOCK_AR llvm-ar-${clang_major} REQUIRED)
  find_program(PENSTOCK_RANLIB llvm-ranlib-${clang_major} REQUIRED)
  set(CMAKE_AR "${PENSTOCK_AR}")
  set(CMAKE_RANLIB "${PENSTOCK_RANLIB}")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to the checkout, so that a clone elsewhere finds what was compiled before.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
