# cmake -DFOLDER=… -DOUTPUT=… -P EmbedMigrations.cmake: writes every NNNN_*.sql of FOLDER into a C++ source file.
file(GLOB FILES "${FOLDER}/*.sql")
list(SORT FILES)
set(ENTRIES "")
set(EXPECTED 1)
foreach(FILE IN LISTS FILES)
  get_filename_component(NAME "${FILE}" NAME)
  if(NOT NAME MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+\\.sql$")
    message(FATAL_ERROR "migrations/${NAME}: the name must be NNNN_words.sql")
  endif()
  string(REGEX REPLACE "^0+" "" VERSION "${CMAKE_MATCH_1}")
  if(NOT VERSION EQUAL EXPECTED)
    message(FATAL_ERROR "migrations/${NAME}: number ${EXPECTED} was expected")
  endif()
  file(READ "${FILE}" SQL)
  string(APPEND ENTRIES "    {${VERSION}, \"${NAME}\", R\"hutch_sql(${SQL})hutch_sql\"},\n")
  math(EXPR EXPECTED "${EXPECTED} + 1")
endforeach()
file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT [[
#include "manager/store/migrations.hpp"

namespace hutch::store {

namespace {
constexpr Migration migrations[] = {
@ENTRIES@};
}  // namespace

std::span<const Migration> embedded_migrations() { return migrations; }

}  // namespace hutch::store
]])
