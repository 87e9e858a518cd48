# hutch_library(NAME SOURCES… [DEPENDS …])       a static library, one per module
# hutch_program(NAME SOURCES… [DEPENDS …] [STATIC]) a program, put into <build>/${HUTCH_PROGRAM_FOLDER}; STATIC: linked
#                                                statically unless sanitized
# hutch_test(NAME SOURCES… [DEPENDS …])          a GoogleTest program, each case known to ctest
# hutch_fuzzer(NAME SOURCES… [DEPENDS …])        a libFuzzer program, with the fuzz preset only

set(HUTCH_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=")
option(HUTCH_FUZZ "Build the libFuzzer targets (clang only)" OFF)

add_library(hutch_flags INTERFACE)
target_compile_features(hutch_flags INTERFACE cxx_std_20)
target_compile_options(hutch_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers -Wno-maybe-uninitialized
                                             -fstack-protector-strong)
target_compile_definitions(hutch_flags INTERFACE _GNU_SOURCE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
target_include_directories(hutch_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(HUTCH_SANITIZE)
  target_compile_options(hutch_flags INTERFACE -fsanitize=${HUTCH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hutch_flags INTERFACE -fsanitize=${HUTCH_SANITIZE})
endif()
if(HUTCH_FUZZ)
  target_compile_options(hutch_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(hutch_library NAME)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_library(${NAME} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${NAME} PUBLIC hutch_flags ${ARG_DEPENDS})
endfunction()

function(hutch_program NAME)
  cmake_parse_arguments(ARG "STATIC" "" "DEPENDS" ${ARGN})
  add_executable(${NAME} ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${HUTCH_PROGRAM_FOLDER})
  target_link_libraries(${NAME} PRIVATE hutch_flags ${ARG_DEPENDS})
  if(ARG_STATIC AND NOT HUTCH_SANITIZE)
    target_link_options(${NAME} PRIVATE -static -Wl,--gc-sections,--strip-all)
  endif()
endfunction()

function(hutch_test NAME)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(${NAME} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${NAME} PRIVATE hutch_flags ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${NAME} DISCOVERY_TIMEOUT 60)
endfunction()

function(hutch_fuzzer NAME)
  if(NOT HUTCH_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(${NAME} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${NAME} PRIVATE hutch_flags ${ARG_DEPENDS})
  target_link_options(${NAME} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY HUTCH_FUZZERS ${NAME})
endfunction()
