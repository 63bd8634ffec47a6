# The functions that make our targets: flags, precompiled header and tests are the same everywhere.

add_library(ctc_flags INTERFACE)
target_compile_options(ctc_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Werror)
# Boost 1.74 does not recognise clang's coroutines by itself.
target_compile_definitions(ctc_flags INTERFACE BOOST_ASIO_HAS_CO_AWAIT=1
  BOOST_ASIO_HAS_STD_COROUTINE=1 BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED)
target_include_directories(ctc_flags INTERFACE ${CMAKE_SOURCE_DIR})
# -pthread everywhere or nowhere (some packages ask for it): the precompiled header is refused by a file
# compiled otherwise.
target_compile_options(ctc_flags INTERFACE -pthread)
target_link_libraries(ctc_flags INTERFACE Threads::Threads)

# What nearly every file includes. Generated code does without it (it would be slower). For a clone in
# another folder to be built from ccache, a launcher of its own says what the header is made of, and its
# users name no absolute path: ccache makes that of -include-pch relative, but not that of the second
# include CMake's own flags have.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
add_library(ctc_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(ctc_pch PUBLIC ctc_flags absl::status absl::statusor absl::strings absl::time)
target_precompile_headers(ctc_pch PRIVATE
  <chrono> <functional> <map> <memory> <optional> <string> <string_view> <utility> <vector>
  <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/time/time.h>
  <libs/base/asio.h>)
set_target_properties(ctc_pch PROPERTIES CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/pch_launcher)

# ctc_library(name SRCS a.cpp ... DEPS target ...): a room. Linked as ctc::name.
function(ctc_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "SRCS;DEPS" ${ARGN})
  add_library(ctc_${name} STATIC ${ARG_SRCS})
  add_library(ctc::${name} ALIAS ctc_${name})
  target_link_libraries(ctc_${name} PUBLIC ctc_flags absl::status absl::statusor absl::strings
    absl::time ${ARG_DEPS})
  if(NOT ARG_NO_PCH)
    target_precompile_headers(ctc_${name} REUSE_FROM ctc_pch)
  endif()
endfunction()

# ctc_program(name SRCS ... DEPS ...): an executable under build/<preset>/bin.
function(ctc_program name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE ctc_flags ${ARG_DEPS})
  target_precompile_headers(${name} REUSE_FROM ctc_pch)
  target_link_libraries(${name} PRIVATE absl::status absl::statusor absl::strings absl::time)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  # glibc's malloc was a fifth of the CPU of a call under load. Sanitizers bring their own.
  if(NOT CMAKE_CXX_FLAGS MATCHES "fsanitize")
    target_link_libraries(${name} PRIVATE ${JEMALLOC_LIBRARY})
  endif()
endfunction()

# ctc_test(name LABEL unit|db|rpc SRCS ... DEPS ...): a Catch2 program, one for each library.
# A `db` test gets a private MariaDB by libs/testing and shares nothing with others.
function(ctc_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE ctc_flags ctc_catch_main ${ARG_DEPS}
    absl::status absl::statusor absl::strings absl::time)
  target_precompile_headers(${name} REUSE_FROM ctc_pch)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 900)
endfunction()
